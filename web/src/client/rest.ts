/** Authenticated HTTP. */

import { ChatError } from "./errors";
import type { Http, HttpOptions } from "./http";
import type { Session } from "./session";

export type Extra = Pick<HttpOptions, "cookies" | "onProgress" | "file" | "signal">;

/** Longest wait that a reading call takes upon itself before it tries once more. */
const PATIENCE_S = 3;

/**
 * Adds the token, refreshes it once when the server says `token_expired`, and ends the session when it says
 * `token_revoked` or `banned`. Reading calls are tried once more after a cut or a short `Retry-After`; writing calls
 * never are.
 */
export class Rest {
  constructor(
    private readonly http: Http,
    private readonly session: Session,
  ) {}

  /** The signed-in person's id, for addresses that want it. */
  get me(): string {
    return this.session.user?.id ?? "";
  }

  async call<T>(method: string, path: string, body?: unknown, extra?: Extra): Promise<T> {
    try {
      return await this.#authorised<T>(method, path, body, extra);
    } catch (error) {
      if (method !== "GET" || !(error instanceof ChatError)) throw error;
      const wait = error.retryAfter ?? 0.5;
      if (!["network", "unavailable", "rate_limited"].includes(error.code) || wait > PATIENCE_S) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      return this.#authorised<T>(method, path, body, extra);
    }
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>("GET", path);
  }

  async #authorised<T>(method: string, path: string, body: unknown, extra?: Extra): Promise<T> {
    const user = this.session.user?.id;
    const token = await this.session.freshToken();
    let answer: unknown;
    try {
      answer = await this.http(method, path, { ...extra, token, body });
    } catch (error) {
      if (error instanceof ChatError && error.code === "banned") this.session.end("banned");
      if (!(error instanceof ChatError) || error.status !== 401) throw error;
      answer = await this.#afterRefusal(error, token, { method, path, body, extra });
    }
    // An answer that comes after somebody else signed in is not theirs to see.
    if (this.session.user?.id !== user) throw new ChatError("token_revoked", "Signed out meanwhile.");
    return answer as T;
  }

  async #afterRefusal(
    error: ChatError,
    token: string,
    again: { method: string; path: string; body: unknown; extra: Extra | undefined },
  ): Promise<unknown> {
    if (error.code === "token_revoked") {
      // Refused with a token that was meanwhile replaced: the refusal does not concern the new one.
      if ((await this.session.freshToken()) === token) this.session.end("token_revoked");
      throw error;
    }
    if ((await this.session.freshToken()) === token) await this.session.refresh();
    const fresh = await this.session.freshToken();
    return this.http(again.method, again.path, { ...again.extra, token: fresh, body: again.body });
  }
}
