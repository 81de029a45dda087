/** Messages that are not stored by the server yet. */

import { backoff, Pause } from "./backoff";
import { ChatError } from "./errors";
import { OutboxDisk } from "./outboxdisk";
import type { KeyValueStorage } from "./storage";
import type { Message, OutboxItem } from "./types";
import { uuidv7 } from "./uuid";

/** Trying again can help; everything else is the message's own fault. */
const PASSING = new Set([
  "network",
  "timeout",
  "disconnected",
  "rate_limited",
  "unavailable",
  "token_expired",
]);
/** Codes nobody foresaw (a bug of the server, perhaps) are tried this often. */
const TRIES_WHEN_UNKNOWN = 5;
const PERMANENT = new Set([
  "validation_failed",
  "forbidden",
  "not_found",
  "conflict",
  "payload_too_large",
  "quota_exceeded",
]);

export interface OutboxHooks {
  /** `send_message`; resolves with the stored message. */
  transport(payload: object): Promise<Message>;
  connected(): boolean;
  stored(message: Message): void;
  changed(conversationId: string): void;
}

interface Lane {
  running: boolean;
  pause: Pause;
}

/**
 * One lane per conversation. Within it the next message leaves when the one before is stored, failed for good or
 * discarded: sockets may be served by several threads, and only waiting keeps the order in which they were typed.
 * Passing troubles hold up the lane and are retried until they pass; permanent ones mark the message `failed` and let
 * the next ones go.
 *
 * Sending twice is harmless (the server knows the client_msg_id), so several tabs may hold the same message.
 */
export class Outbox {
  readonly #items = new Map<string, OutboxItem>();
  readonly #lanes = new Map<string, Lane>();
  readonly #disk: OutboxDisk;
  /** Ends the wait for an acknowledgement: the message was seen stored, or discarded. */
  readonly #settle = new Map<string, () => void>();
  #user: string | null = null;
  #lastTime = 0;

  constructor(
    storage: KeyValueStorage,
    private readonly limit: number,
    private readonly hooks: OutboxHooks,
  ) {
    this.#disk = new OutboxDisk(storage);
  }

  /** Takes up what this person left unsent, and watches the other tabs. */
  begin(userId: string): void {
    this.#user = userId;
    this.#adopt();
    this.#disk.watch(userId, (clientMsgId, item) => {
      if (item) this.#update(item);
      else this.#drop(clientMsgId);
    });
  }

  /** Forgets everything in memory, and on disk when `wipe`. */
  end(wipe: boolean): void {
    if (this.#user && wipe) this.#disk.wipe(this.#user);
    this.#disk.unwatch();
    this.#user = null;
    const conversations = new Set([...this.#items.values()].map((item) => item.conversationId));
    this.#items.clear();
    for (const lane of this.#lanes.values()) lane.pause.wake();
    this.#lanes.clear();
    for (const id of conversations) this.hooks.changed(id);
  }

  /** The connection is up: sends what waits, also what a closed tab has left behind. */
  resume(): void {
    this.#adopt();
    for (const lane of this.#lanes.values()) lane.pause.wake();
    for (const id of new Set([...this.#items.values()].map((item) => item.conversationId))) this.#run(id);
  }

  add(message: Omit<OutboxItem, "clientMsgId" | "createdAt" | "state" | "error">): string {
    if (!this.#user) throw new ChatError("token_revoked", "Not signed in.");
    if (this.#items.size >= this.limit) {
      throw new ChatError("outbox_full", `${this.limit} messages are waiting to be sent.`);
    }
    const item: OutboxItem = { ...message, clientMsgId: uuidv7(), createdAt: this.#time(), state: "sending" };
    this.#put(item);
    this.#run(item.conversationId);
    return item.clientMsgId;
  }

  /** To the end of its lane: what was typed later may have been sent already. */
  retry(clientMsgId: string): void {
    const item = this.#items.get(clientMsgId);
    if (item?.state !== "failed") return;
    this.#items.delete(clientMsgId);
    const { error: _, ...rest } = item;
    this.#put({ ...rest, createdAt: this.#time(), state: "sending" });
    this.#run(item.conversationId);
  }

  discard(clientMsgId: string): void {
    if (this.#user) this.#disk.remove(this.#user, clientMsgId);
    this.#drop(clientMsgId);
  }

  /** A stored message of one's own was seen, by whichever way it came. */
  confirm(message: Message): void {
    if (!message.client_msg_id || message.sender_id !== this.#user) return;
    if (this.#items.has(message.client_msg_id)) this.discard(message.client_msg_id);
  }

  list(conversationId?: string): readonly OutboxItem[] {
    const items = [...this.#items.values()];
    return conversationId ? items.filter((item) => item.conversationId === conversationId) : items;
  }

  #run(conversationId: string): void {
    const lane = this.#lanes.get(conversationId) ?? { running: false, pause: new Pause() };
    this.#lanes.set(conversationId, lane);
    if (lane.running) return;
    lane.running = true;
    void this.#drain(conversationId, lane).finally(() => {
      lane.running = false;
      if (this.#lanes.get(conversationId) === lane && !this.#next(conversationId)) {
        this.#lanes.delete(conversationId);
      }
    });
  }

  async #drain(conversationId: string, lane: Lane): Promise<void> {
    let tries = 0;
    let current = "";
    for (let item = this.#next(conversationId); item; item = this.#next(conversationId)) {
      if (!this.hooks.connected()) return;
      if (item.clientMsgId !== current) tries = 0;
      current = item.clientMsgId;
      const wait = await this.#attempt(item, tries++);
      // Signed out meanwhile; whatever waits now has a lane of its own.
      if (this.#lanes.get(conversationId) !== lane) return;
      if (wait > 0 && this.hooks.connected()) await lane.pause.for(wait);
      if (this.#lanes.get(conversationId) !== lane) return;
    }
  }

  /** One try. Answers how long to wait before the next, in ms. */
  async #attempt(item: OutboxItem, tries: number): Promise<number> {
    const settled = new Promise<null>((resolve) => {
      this.#settle.set(item.clientMsgId, () => resolve(null));
    });
    try {
      const message = await Promise.race([this.hooks.transport(payload(item)), settled]);
      if (this.#items.has(item.clientMsgId)) this.discard(item.clientMsgId);
      if (message) this.hooks.stored(message);
      return 0;
    } catch (error) {
      if (!this.#items.has(item.clientMsgId)) return 0;
      const { code, detail, retryAfter } =
        error instanceof ChatError ? error : new ChatError("unavailable", String(error));
      if (PERMANENT.has(code) || (!PASSING.has(code) && tries + 1 >= TRIES_WHEN_UNKNOWN)) {
        this.#put({ ...item, state: "failed", error: { code, detail } });
        return 0;
      }
      const spread = backoff(tries, 300, 15_000);
      return retryAfter ? retryAfter * 1000 + Math.min(spread, 1_000) : spread;
    } finally {
      this.#settle.delete(item.clientMsgId);
    }
  }

  /** Local time, but never the same twice: it is the order on disk. */
  #time(): number {
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1);
    return this.#lastTime;
  }

  #next(conversationId: string): OutboxItem | undefined {
    for (const item of this.#items.values()) {
      if (item.conversationId === conversationId && item.state === "sending") return item;
    }
    return undefined;
  }

  #adopt(): void {
    if (!this.#user) return;
    for (const item of this.#disk.read(this.#user)) {
      if (!this.#items.has(item.clientMsgId) && this.#items.size < this.limit) this.#show(item);
    }
  }

  #put(item: OutboxItem): void {
    if (this.#user) this.#disk.write(this.#user, item);
    this.#show(item);
  }

  #show(item: OutboxItem): void {
    this.#items.set(item.clientMsgId, item);
    this.hooks.changed(item.conversationId);
  }

  /** Another tab changed a message that this one shows, too. */
  #update(item: OutboxItem): void {
    if (!this.#items.has(item.clientMsgId)) return;
    this.#show(item);
    if (item.state === "sending") this.#run(item.conversationId);
  }

  #drop(clientMsgId: string): void {
    const item = this.#items.get(clientMsgId);
    if (!item) return;
    this.#items.delete(clientMsgId);
    this.#settle.get(clientMsgId)?.();
    this.hooks.changed(item.conversationId);
  }
}

function payload(item: OutboxItem): object {
  return {
    conversation_id: item.conversationId,
    client_msg_id: item.clientMsgId,
    content: item.content,
    ...(item.type ? { type: item.type } : {}),
    ...(item.replyToId ? { reply_to_id: item.replyToId } : {}),
    ...(item.attachments?.length ? { attachment_ids: item.attachments.map(({ id }) => id) } : {}),
  };
}
