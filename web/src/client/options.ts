/** What can be set on a client, and the defaults. */

import type { KeyValueStorage } from "./storage";

export interface ClientOptions {
  /** Origin of the server, e.g. "https://chat.example". Default: the page's own; required in Node. */
  url?: string;
  /** Where session and unsent messages live. Default: localStorage in a browser, memory in Node. */
  storage?: KeyValueStorage;
  /** Default: websocket first, long polling when it cannot be had. */
  transports?: ("websocket" | "polling")[];
  /** Path of the Socket.IO endpoint. Default "/socket.io". */
  socketPath?: string;
  /** How long an acknowledgement may take, in ms. Default 10,000. */
  ackTimeoutMs?: number;
  /** How long an HTTP answer may take, in ms. Default 15,000. */
  httpTimeoutMs?: number;
  /** Reconnection backoff, in ms: first and longest wait, each halved to doubled at random. Default 500 and 10,000. */
  reconnectDelayMs?: number;
  reconnectDelayMaxMs?: number;
  /** A hole in the changes that lasts this long is repaired by a sync. Default 300. */
  holeDelayMs?: number;
  /** A sync at least this often, in ms, in case a push was lost without a trace; 0 turns it off. Default 60,000. */
  safetySyncMs?: number;
  /** Receipts are gathered for this long, in ms. Default 300. */
  receiptDelayMs?: number;
  /** Unsent messages held at most; beyond it `send` throws. Default 1,000. */
  outboxLimit?: number;
  /** Messages held per timeline at most; beyond it the far end is dropped. Default 2,000. */
  timelineLimit?: number;
  /** Timelines held at most; beyond it the longest unused one that is not open is forgotten. Default 30. */
  timelines?: number;
  /** Messages per history page, 1–100. Default 50. */
  pageSize?: number;
  /** For tests. Default: the global fetch. */
  fetch?: typeof fetch;
}

export type Settings = Required<Omit<ClientOptions, "storage" | "fetch">>;

/** Fills in the defaults. */
export function settings(options: ClientOptions): Settings {
  return {
    url: (options.url ?? globalThis.location?.origin ?? "").replace(/\/+$/, ""),
    transports: options.transports ?? ["websocket", "polling"],
    socketPath: options.socketPath ?? "/socket.io",
    ackTimeoutMs: options.ackTimeoutMs ?? 10_000,
    httpTimeoutMs: options.httpTimeoutMs ?? 15_000,
    reconnectDelayMs: options.reconnectDelayMs ?? 500,
    reconnectDelayMaxMs: options.reconnectDelayMaxMs ?? 10_000,
    holeDelayMs: options.holeDelayMs ?? 300,
    safetySyncMs: options.safetySyncMs ?? 60_000,
    receiptDelayMs: options.receiptDelayMs ?? 300,
    outboxLimit: options.outboxLimit ?? 1_000,
    timelineLimit: options.timelineLimit ?? 2_000,
    timelines: options.timelines ?? 30,
    pageSize: options.pageSize ?? 50,
  };
}
