/** One's own receipts: what has arrived and what was read, told to the server. */

import { ChatError } from "./errors";
import type { Markers } from "./markers";
import type { Store } from "./store";
import type { Marks } from "./types";

type Ask = (event: "mark_delivered" | "mark_read", payload: object) => Promise<unknown>;

/**
 * After a long absence hundreds of conversations have something to say: beyond `FEW` marks they go out at most two at
 * once and 20 a second, and leave room for what the person does.
 */
const FEW = 20;
const AT_ONCE = 2;
const PACE_MS = 100;

/**
 * The watermark in the store moves at once (unread counts are exact without the server); the server is told at most
 * once per conversation and `delayMs`. What it has confirmed is remembered, and replaced by what every sync says it
 * has: so whatever it lost, or never heard because the connection was cut, is repeated, and nothing else is.
 */
export class OwnMarks {
  readonly #confirmed = new Map<string, Marks>();
  readonly #due = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing = false;

  constructor(
    private readonly store: Store,
    private readonly markers: Markers,
    private readonly ask: Ask,
    private readonly delayMs: number,
    private readonly connected: () => boolean,
  ) {}

  read(conversationId: string, seq: number): void {
    this.store.marks(conversationId, { read_seq: seq });
    this.#schedule(conversationId);
  }

  /** Something arrived in this conversation. */
  arrived(conversationId: string): void {
    this.#schedule(conversationId);
  }

  /** Another device of one's own came so far. */
  elsewhere(conversationId: string, marks: Marks): void {
    this.#confirm(conversationId, marks);
    this.store.marks(conversationId, marks);
  }

  /** A sync says what the server has stored. */
  stored(conversationId: string, marks: Marks): void {
    this.#confirmed.set(conversationId, marks);
    this.store.marks(conversationId, marks);
    this.#schedule(conversationId);
  }

  forget(conversationId: string): void {
    this.#confirmed.delete(conversationId);
    this.#due.delete(conversationId);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#confirmed.clear();
    this.#due.clear();
  }

  #schedule(conversationId: string): void {
    this.#due.add(conversationId);
    if (this.#flushing) return;
    this.#timer ??= setTimeout(() => void this.#flush(), this.delayMs);
  }

  /** What is left over (a cut, a hole) is taken up again by the next sync. */
  async #flush(): Promise<void> {
    this.#timer = undefined;
    if (!this.connected()) return;
    this.#flushing = true;
    const due = [...this.#due];
    this.#due.clear();
    let told = 0;
    const worker = async () => {
      for (let id = due.shift(); id; id = due.shift()) {
        if (!(await this.#tell(id))) continue;
        told += 1;
        if (told > FEW) await new Promise((resolve) => setTimeout(resolve, PACE_MS));
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, due.length) }, worker));
    this.#flushing = false;
    if (this.#due.size > 0) this.#timer ??= setTimeout(() => void this.#flush(), this.delayMs);
  }

  /** True when the server had to be told something. */
  async #tell(id: string): Promise<boolean> {
    const row = this.store.get(id);
    if (!row) return false;
    // A message is delivered when everything before it is, too.
    if (this.markers.whole(id)) this.store.marks(id, { delivered_seq: row.last_seq });
    else this.#due.add(id);
    const { delivered_seq, read_seq } = this.store.get(id) ?? row;
    const confirmed = this.#confirmed.get(id) ?? { delivered_seq: 0, read_seq: 0 };
    const read = read_seq > confirmed.read_seq;
    const delivered = delivered_seq > Math.max(confirmed.delivered_seq, read_seq);
    if (read) await this.#send(id, "mark_read", read_seq);
    if (delivered) await this.#send(id, "mark_delivered", delivered_seq);
    return read || delivered;
  }

  async #send(id: string, event: "mark_delivered" | "mark_read", seq: number): Promise<void> {
    try {
      await this.ask(event, { conversation_id: id, seq });
      this.#confirm(id, { delivered_seq: seq, read_seq: event === "mark_read" ? seq : 0 });
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== "rate_limited") return;
      setTimeout(() => this.#schedule(id), (error.retryAfter ?? 1) * 1000);
    }
  }

  #confirm(id: string, marks: Marks): void {
    const held = this.#confirmed.get(id);
    this.#confirmed.set(id, {
      delivered_seq: Math.max(held?.delivered_seq ?? 0, marks.delivered_seq),
      read_seq: Math.max(held?.read_seq ?? 0, marks.read_seq),
    });
  }
}
