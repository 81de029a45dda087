/** One Socket.IO namespace: connecting with the current token, asking with acknowledgements, coming back. */

import type { Manager, Socket } from "socket.io-client";
import { backoff } from "./backoff";
import { ChatError } from "./errors";
import type { Settings } from "./options";
import type { Session } from "./session";
import type { Problem } from "./wire";

const FINAL = new Set(["token_revoked", "logged_out", "banned"]);
const STALE = new Set(["token_expired", "unauthorized"]);

const LASTED_MS = 5_000;

type Answer = { ok: true } & Record<string, unknown>;
type Ack = Answer | { ok: false; error: Problem };

/**
 * socket.io-client reconnects by itself when the transport is lost. It does not when the *server* refuses or closes
 * the namespace; that is what this class adds, by the code the server gave.
 */
export class Channel {
  readonly socket: Socket;
  #wanted = false;
  /** Refusals in a row; a connection that lasted for a while ends the row. */
  #failures = 0;
  #connectedAt = Number.POSITIVE_INFINITY;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #endCode: string | null = null;

  constructor(
    manager: Manager,
    namespace: string,
    private readonly session: Session,
    private readonly settings: Settings,
  ) {
    this.socket = manager.socket(namespace, { auth: (give) => void this.#authorise(give) });
    this.socket.on("connect", () => {
      this.#endCode = null;
      this.#connectedAt = Date.now();
    });
    this.socket.on("session_ended", (event: { code?: string }) => {
      this.#endCode = event?.code ?? null;
    });
    this.socket.on("connect_error", (error: Error & { data?: Problem }) => {
      if (!this.socket.active) void this.#refused(error.data?.code ?? "unavailable");
    });
    this.socket.on("disconnect", () => {
      if (this.#wanted && !this.socket.active) void this.#refused(this.#endCode ?? "unavailable");
    });
  }

  connect(): void {
    this.#wanted = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (!this.socket.active) this.socket.connect();
  }

  disconnect(): void {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.socket.disconnect();
  }

  /** Sends an event and waits for its acknowledgement. Rejects at once when there is no connection. */
  async ask<T>(event: string, payload: object, timeoutMs = this.settings.ackTimeoutMs): Promise<T> {
    try {
      return await this.#ask<T>(event, payload, timeoutMs);
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== "token_expired") throw error;
      await this.session.refresh();
      await this.prolong(await this.session.freshToken());
      return this.#ask<T>(event, payload, timeoutMs);
    }
  }

  /** Sends an event that may be lost: not kept for later, not acknowledged. */
  hint(event: string, payload: object): void {
    if (this.socket.connected) this.socket.volatile.emit(event, payload);
  }

  /** Gives the open socket a fresh token, so that the server does not close it when the old one expires. */
  async prolong(token: string): Promise<void> {
    if (this.socket.connected) await this.#ask("authenticate", { token }, this.settings.ackTimeoutMs);
  }

  async #ask<T>(event: string, payload: object, timeoutMs: number): Promise<T> {
    const socket = this.socket;
    if (!socket.connected) throw new ChatError("disconnected", "Not connected.");
    let ack: Ack;
    try {
      ack = (await socket.timeout(timeoutMs).emitWithAck(event, payload)) as Ack;
    } catch {
      throw socket.connected
        ? new ChatError("timeout", "The server did not acknowledge in time.")
        : new ChatError("disconnected", "The connection was lost.");
    }
    if (ack?.ok !== true) throw ChatError.from((ack as { error?: Problem })?.error ?? {});
    return ack as T;
  }

  async #authorise(give: (auth: object) => void): Promise<void> {
    const token = await this.session.freshToken().catch(() => null);
    // Without a token the server refuses, and the refusal leads to the next attempt.
    give(token ? { token } : {});
  }

  async #refused(code: string): Promise<void> {
    if (!this.#wanted) return;
    if (FINAL.has(code)) return this.session.end(code);
    if (Date.now() - this.#connectedAt > LASTED_MS) this.#failures = 0;
    this.#connectedAt = Number.POSITIVE_INFINITY;
    const first = this.#failures === 0;
    this.#failures += 1;
    if (STALE.has(code)) {
      // `refresh` ends the session itself when it is over; anything else is tried again later.
      const renewed = await this.session.refresh().then(
        () => true,
        () => false,
      );
      if (renewed && first) return this.#again(0);
    }
    const { reconnectDelayMs, reconnectDelayMaxMs } = this.settings;
    this.#again(backoff(this.#failures, reconnectDelayMs, reconnectDelayMaxMs));
  }

  #again(ms: number): void {
    if (!this.#wanted || this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#wanted && !this.socket.active) this.socket.connect();
    }, ms);
  }
}
