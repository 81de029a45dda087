/** The server as the protocol describes it, in memory: the truth that a client's state is compared with. */

import type { Conversation, Message, Page, SyncAnswer, User } from "../../src/client/types";

interface Held {
  row: Pick<Conversation, "id" | "kind" | "title" | "last_seq" | "last_change" | "created_at" | "updated_at">;
  members: Map<string, { delivered_seq: number; read_seq: number }>;
  messages: Message[];
}

let clock = Date.parse("2026-01-01T00:00:00Z");
const now = () => new Date(clock++).toISOString();

export class Model {
  epoch = "epoch-1";
  readonly users = new Map<string, User>();
  readonly conversations = new Map<string, Held>();
  #ids = 0;

  id(prefix: string): string {
    this.#ids += 1;
    return `${prefix}-${this.#ids}`;
  }

  user(id: string): User {
    const user: User = {
      id,
      username: id,
      display_name: id,
      role: "member",
      description: null,
      avatar_url: null,
      avatar_hue: null,
      last_seen_at: null,
      created_at: now(),
    };
    this.users.set(id, user);
    return user;
  }

  create(memberIds: string[], kind: Conversation["kind"] = "group", title = "T"): string {
    const id = this.id("c");
    const at = now();
    this.conversations.set(id, {
      row: { id, kind, title, last_seq: 0, last_change: 0, created_at: at, updated_at: at },
      members: new Map(memberIds.map((member) => [member, { delivered_seq: 0, read_seq: 0 }])),
      messages: [],
    });
    return id;
  }

  get(id: string): Held {
    const held = this.conversations.get(id);
    if (!held) throw new Error(`no conversation ${id}`);
    return held;
  }

  row(id: string, userId: string): Conversation {
    const { row, members, messages } = this.get(id);
    const marks = members.get(userId) ?? { delivered_seq: 0, read_seq: 0 };
    const other = [...members.keys()].find((member) => member !== userId) ?? "";
    return {
      ...row,
      my_role: "member",
      ...marks,
      unread: row.last_seq - marks.read_seq,
      member_count: members.size,
      peer: row.kind === "private" ? (this.users.get(other) ?? null) : null,
      last_message: messages.at(-1) ?? null,
      archived_at: null,
    };
  }

  send(id: string, senderId: string, content: string, clientMsgId: string | null = null): Message {
    const held = this.get(id);
    const known = held.messages.find(
      (message) => clientMsgId && message.client_msg_id === clientMsgId && message.sender_id === senderId,
    );
    if (known) return known;
    held.row = { ...held.row, last_seq: held.row.last_seq + 1, last_change: held.row.last_change + 1 };
    const message: Message = {
      id: this.id("m"),
      conversation_id: id,
      seq: held.row.last_seq,
      change: held.row.last_change,
      sender_id: senderId,
      client_msg_id: clientMsgId,
      type: "text",
      content,
      reply_to_id: null,
      attachments: [],
      reactions: [],
      meta: {},
      created_at: now(),
      edited_at: null,
      deleted_at: null,
    };
    held.messages.push(message);
    held.members.set(senderId, { delivered_seq: message.seq, read_seq: message.seq });
    return message;
  }

  /** Any later change of a message. */
  change(id: string, seq: number, fields: Partial<Message>): Message {
    const held = this.get(id);
    const index = seq - 1;
    held.row = { ...held.row, last_change: held.row.last_change + 1 };
    const message = { ...(held.messages[index] as Message), ...fields, change: held.row.last_change };
    held.messages[index] = message;
    return message;
  }

  edit(id: string, seq: number, content: string): Message {
    return this.change(id, seq, { content, edited_at: now() });
  }

  delete(id: string, seq: number): Message {
    return this.change(id, seq, { content: "", reactions: [], deleted_at: now() });
  }

  react(id: string, seq: number, emoji: string, userId: string): Message {
    return this.change(id, seq, { reactions: [{ emoji, count: 1, user_ids: [userId] }] });
  }

  mark(id: string, userId: string, marks: { delivered_seq?: number; read_seq?: number }): void {
    const held = this.get(id).members.get(userId);
    if (!held) return;
    held.read_seq = Math.max(held.read_seq, marks.read_seq ?? 0);
    held.delivered_seq = Math.max(held.delivered_seq, held.read_seq, marks.delivered_seq ?? 0);
  }

  history(
    id: string,
    { limit = 50, before_seq, after_seq, around_seq }: Record<string, number | undefined>,
  ): Page<Message> {
    const all = this.get(id).messages;
    let from = Math.max(0, all.length - limit);
    if (after_seq !== undefined) from = after_seq;
    if (around_seq !== undefined) from = Math.max(0, around_seq - 1 - Math.floor(limit / 2));
    if (before_seq !== undefined) from = Math.max(0, before_seq - 1 - limit);
    const to =
      before_seq === undefined ? Math.min(all.length, from + limit) : Math.min(all.length, before_seq - 1);
    return {
      items: all.slice(from, to),
      prev_cursor: from > 0 ? "older" : null,
      next_cursor: to < all.length ? "newer" : null,
    };
  }

  /** `resetAbove`: a conversation that misses more messages than this is reset. */
  sync(
    userId: string,
    request: { epoch?: string | number; conversations: Record<string, number>; limit?: number },
    resetAbove = Number.POSITIVE_INFINITY,
  ): SyncAnswer {
    const answer: SyncAnswer = {
      epoch: this.epoch,
      conversations: [],
      messages: [],
      removed: [],
      reset: [],
      more: false,
      changes: {},
      unchanged: {},
    };
    const other = request.epoch !== undefined && request.epoch !== this.epoch;
    const mine = [...this.conversations].filter(([, held]) => held.members.has(userId)).map(([id]) => id);
    for (const id of Object.keys(request.conversations)) if (!mine.includes(id)) answer.removed.push(id);
    for (const id of mine) this.#syncOne(answer, id, userId, request, other, resetAbove);
    return answer;
  }

  #syncOne(
    answer: SyncAnswer,
    id: string,
    userId: string,
    request: { conversations: Record<string, number>; limit?: number },
    other: boolean,
    resetAbove: number,
  ): void {
    const { row, messages } = this.get(id);
    const known = request.conversations[id];
    const adopt = () => {
      answer.conversations.push(this.row(id, userId));
      answer.changes[id] = row.last_change;
    };
    if (known === undefined) return adopt();
    if (other) {
      answer.reset.push(id);
      return adopt();
    }
    if (known === row.last_change) {
      const { title, my_role, member_count, archived_at, delivered_seq, read_seq } = this.row(id, userId);
      answer.unchanged[id] = { title, my_role, member_count, archived_at, delivered_seq, read_seq };
      return;
    }
    const missing = messages.filter((message) => message.change > known).sort((a, b) => a.change - b.change);
    if (missing.length > resetAbove) {
      answer.reset.push(id);
      return adopt();
    }
    const room = (request.limit ?? 500) - answer.messages.length;
    const part = missing.slice(0, room);
    answer.messages.push(...part);
    answer.conversations.push(this.row(id, userId));
    const whole = part.length === missing.length;
    answer.more ||= !whole;
    answer.changes[id] = whole ? row.last_change : (part.at(-1)?.change ?? known);
  }
}
