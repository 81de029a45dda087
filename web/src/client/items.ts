/** Turns messages into the lines that a page draws. */

import { ChatError } from "./errors";
import type { Levels } from "./peers";
import type { Message, MessageState, OutboxItem, TimelineItem } from "./types";

/** Makes items and gives the same object again while nothing in it has changed. */
export class Items {
  readonly #stored = new WeakMap<Message, TimelineItem>();
  readonly #pending = new WeakMap<OutboxItem, TimelineItem>();

  stored(message: Message, me: string | undefined, levels: Levels): TimelineItem {
    const mine = message.sender_id !== null && message.sender_id === me;
    const state = mine ? progress(message.seq, levels) : "received";
    const held = this.#stored.get(message);
    if (held && held.state === state && held.mine === mine) return held;
    const key = (mine && message.client_msg_id) || message.id;
    const item: TimelineItem = { key, message, mine, state };
    this.#stored.set(message, item);
    return item;
  }

  pending(entry: OutboxItem, me: string): TimelineItem {
    const held = this.#pending.get(entry);
    if (held) return held;
    const item: TimelineItem = {
      key: entry.clientMsgId,
      message: standIn(entry, me),
      mine: true,
      state: entry.state,
      ...(entry.error ? { error: new ChatError(entry.error.code, entry.error.detail) } : {}),
    };
    this.#pending.set(entry, item);
    return item;
  }
}

function progress(seq: number, levels: Levels): MessageState {
  if (seq <= levels.read_seq) return "read";
  return seq <= levels.delivered_seq ? "delivered" : "sent";
}

function standIn(entry: OutboxItem, me: string): Message {
  return {
    id: "",
    conversation_id: entry.conversationId,
    seq: 0,
    change: 0,
    sender_id: me,
    client_msg_id: entry.clientMsgId,
    type: entry.type ?? "text",
    content: entry.content,
    reply_to_id: entry.replyToId ?? null,
    attachments: entry.attachments ?? [],
    reactions: [],
    meta: {},
    created_at: new Date(entry.createdAt).toISOString(),
    edited_at: null,
    deleted_at: null,
  };
}
