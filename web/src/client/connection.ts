/** The live connection: one transport, the namespaces /chat and /presence, and when to try again at once. */

import { Manager } from "socket.io-client";
import { Channel } from "./channel";
import type { Settings } from "./options";
import type { Session } from "./session";
import type { Ready } from "./types";

/** A namespace that is neither accepted nor refused for so long is tried anew. */
const SILENCE_MS = 15_000;
/** Forced attempts are at least this far apart: browsers tell of one network change several times. */
const FORCE_GAP_MS = 1_000;

export interface ConnectionHooks {
  /** Connected, or pushes may have been lost: catch up. */
  ready(event: Ready): void;
  /** Connected or cut off. */
  changed(): void;
  /** The page came to the front, or the network came back, while connected: see whether anything was missed. */
  resumed(): void;
}

export class Connection {
  readonly chat: Channel;
  readonly presence: Channel;
  readonly #manager: Manager;
  #running = false;
  #forcedAt = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(
    settings: Settings,
    session: Session,
    private readonly hooks: ConnectionHooks,
  ) {
    this.#manager = new Manager(settings.url, {
      path: settings.socketPath,
      transports: settings.transports,
      tryAllTransports: true,
      autoConnect: false,
      reconnectionDelay: settings.reconnectDelayMs,
      reconnectionDelayMax: settings.reconnectDelayMaxMs,
      randomizationFactor: 0.5,
      timeout: 10_000,
    });
    this.chat = new Channel(this.#manager, "/chat", session, settings);
    this.presence = new Channel(this.#manager, "/presence", session, settings);
    this.chat.socket.on("ready", (event: Ready) => hooks.ready(event));
    this.chat.socket.on("connect", () => this.#settled());
    this.chat.socket.on("connect_error", () => this.#settled());
    this.chat.socket.on("disconnect", () => hooks.changed());
    this.#manager.on("open", () => this.#expectAnswer());
  }

  get connected(): boolean {
    return this.chat.socket.connected;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.chat.connect();
    this.presence.connect();
    this.#listen(true);
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    clearTimeout(this.#silence);
    this.#listen(false);
    this.presence.disconnect();
    this.chat.disconnect();
  }

  /** Tries now instead of after the backoff. */
  force(): void {
    if (!this.#running || this.connected || Date.now() - this.#forcedAt < FORCE_GAP_MS) return;
    this.restart();
  }

  /** Drops the transport, even one that looks alive, and connects anew. */
  restart(): void {
    if (!this.#running) return;
    this.#forcedAt = Date.now();
    for (const channel of [this.presence, this.chat]) channel.disconnect();
    for (const channel of [this.chat, this.presence]) channel.connect();
  }

  prolong(token: string): void {
    // A refusal is followed by `session_ended`, which says what to do.
    for (const channel of [this.chat, this.presence]) void channel.prolong(token).catch(() => {});
  }

  #settled(): void {
    clearTimeout(this.#silence);
    this.hooks.changed();
  }

  /** A server that fails inside its connect handler may answer nothing at all. */
  #expectAnswer(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (!this.connected) this.restart();
    }, SILENCE_MS);
  }

  readonly #wake = (): void => {
    if (globalThis.document?.visibilityState === "hidden") return;
    if (this.connected) this.hooks.resumed();
    else this.force();
  };

  #listen(on: boolean): void {
    if (!globalThis.window || !globalThis.document) return;
    const change = on ? "addEventListener" : "removeEventListener";
    window[change]("online", this.#wake);
    window[change]("pageshow", this.#wake);
    document[change]("visibilitychange", this.#wake);
  }
}
