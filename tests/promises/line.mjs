// A telephone line: a TCP port that leads to a server, and can be cut.

import { connect, createServer } from "node:net";

export class Line {
  #whole = true;
  #ends = new Set();

  /** A line of one's own to the server at `url`; use its `url` instead. */
  static async to(url) {
    const { hostname, port, protocol, pathname } = new URL(url);
    const line = new Line();
    line.server = createServer((near) => line.#join(near, connect(Number(port), hostname)));
    await new Promise((resolve) => line.server.listen(0, "127.0.0.1", resolve));
    line.url = `${protocol}//127.0.0.1:${line.server.address().port}${pathname === "/" ? "" : pathname}`;
    return line;
  }

  /** What is open breaks off, what is under way is lost, and nobody gets through until it is mended. */
  cut() {
    this.#whole = false;
    for (const end of this.#ends) end.destroy();
  }

  mend() {
    this.#whole = true;
  }

  /** What is open stays open, but nothing gets through any more and nobody is told; new connections are fine. */
  freeze() {
    for (const end of this.#ends) {
      end.unpipe();
      end.pause();
    }
  }

  close() {
    this.cut();
    this.server.close();
  }

  #join(near, far) {
    for (const [end, other] of [[near, far], [far, near]]) {
      this.#ends.add(end);
      end.setNoDelay(true);
      end.on("close", () => {
        this.#ends.delete(end);
        other.destroy();
      });
      end.on("error", () => other.destroy());
      end.pipe(other);
    }
    if (!this.#whole) near.destroy();
  }
}
