/** The conversations one is in: rows, order, unread counts. Pure state. */

import type { Emitter } from "./emitter";
import type { Conversation, ConversationKind, Marks, Message, Unchanged } from "./types";

export interface ListFilter {
  archived?: boolean;
  kind?: ConversationKind;
  q?: string;
  unread?: boolean;
}

/** Filtered lists that are kept ready; beyond it all are made anew. */
const CACHED_LISTS = 20;

/**
 * Rows come from many sides (events, sync, answers to calls) and not always in order. Counters only go forward;
 * the shared fields (title, members …) follow the younger `updated_at`. Rows are replaced, never changed in place.
 */
export class Store {
  readonly #rows = new Map<string, Conversation>();
  readonly #lists = new Map<string, readonly Conversation[]>();
  #totalUnread: number | undefined;

  constructor(private readonly emitter: Emitter) {}

  get(id: string): Conversation | undefined {
    return this.#rows.get(id);
  }

  ids(): string[] {
    return [...this.#rows.keys()];
  }

  list(filter: ListFilter = {}): readonly Conversation[] {
    const key = JSON.stringify([filter.archived ?? false, filter.kind, filter.q, filter.unread]);
    let list = this.#lists.get(key);
    if (!list) {
      list = newestFirst([...this.#rows.values()].filter((row) => matches(row, filter)));
      if (this.#lists.size >= CACHED_LISTS) this.#lists.clear();
      this.#lists.set(key, list);
    }
    return list;
  }

  get totalUnread(): number {
    this.#totalUnread ??= [...this.#rows.values()].reduce(
      (sum, row) => sum + (row.archived_at ? 0 : row.unread),
      0,
    );
    return this.#totalUnread;
  }

  /** A row from the server. `afresh` takes it as it is, even where that goes backwards (another epoch). */
  merge(row: Conversation, afresh = false): void {
    const held = this.#rows.get(row.id);
    this.#put(held && !afresh ? merged(held, row) : row);
  }

  /** A message that exists: moves the counters and the preview. */
  message(message: Message): void {
    const held = this.#rows.get(message.conversation_id);
    if (!held) return;
    const row = {
      ...held,
      last_seq: Math.max(held.last_seq, message.seq),
      last_change: Math.max(held.last_change, message.change),
      last_message: newer(held.last_message, message),
    };
    if (!sameRow(held, row)) this.#put(row);
  }

  /** One's own watermarks; only forward, and never beyond the newest message. */
  marks(id: string, marks: Partial<Marks>): void {
    const held = this.#rows.get(id);
    if (!held) return;
    const read = Math.max(held.read_seq, Math.min(marks.read_seq ?? 0, held.last_seq));
    const delivered = Math.max(held.delivered_seq, read, Math.min(marks.delivered_seq ?? 0, held.last_seq));
    if (read === held.read_seq && delivered === held.delivered_seq) return;
    this.#put({ ...held, read_seq: read, delivered_seq: delivered });
  }

  /** What a sync says of a conversation that has no new messages. */
  facts(id: string, { title, my_role, member_count, archived_at }: Unchanged): void {
    const held = this.#rows.get(id);
    if (!held) return;
    const row = { ...held, title, my_role, member_count, archived_at };
    if (JSON.stringify(row) !== JSON.stringify(held)) this.#put(row);
  }

  remove(id: string): void {
    if (this.#rows.delete(id)) this.#changed(id);
  }

  clear(): void {
    const ids = this.ids();
    this.#rows.clear();
    for (const id of ids) this.#changed(id);
  }

  #put(row: Conversation): void {
    this.#rows.set(row.id, { ...row, unread: Math.max(0, row.last_seq - row.read_seq) });
    this.#changed(row.id);
  }

  #changed(id: string): void {
    this.#lists.clear();
    this.#totalUnread = undefined;
    this.emitter.touch("conversations");
    this.emitter.touch(`conversation:${id}`);
  }
}

function merged(held: Conversation, row: Conversation): Conversation {
  const shared = Date.parse(row.updated_at) < Date.parse(held.updated_at) ? held : row;
  return {
    ...shared,
    last_seq: Math.max(held.last_seq, row.last_seq),
    last_change: Math.max(held.last_change, row.last_change),
    delivered_seq: Math.max(held.delivered_seq, row.delivered_seq),
    read_seq: Math.max(held.read_seq, row.read_seq),
    last_message: row.last_message ? newer(held.last_message, row.last_message) : held.last_message,
  };
}

function newer(held: Message | null, message: Message): Message {
  if (!held || message.seq > held.seq) return message;
  return message.seq === held.seq && message.change > held.change ? message : held;
}

function sameRow(a: Conversation, b: Conversation): boolean {
  return a.last_seq === b.last_seq && a.last_change === b.last_change && a.last_message === b.last_message;
}

function matches(row: Conversation, filter: ListFilter): boolean {
  if ((row.archived_at !== null) !== (filter.archived ?? false)) return false;
  if (filter.kind && row.kind !== filter.kind) return false;
  if (filter.unread && row.unread === 0) return false;
  if (!filter.q) return true;
  const q = filter.q.trim().toLocaleLowerCase();
  const names = [row.title, row.peer?.display_name, row.peer?.username];
  return names.some((name) => name?.toLocaleLowerCase().includes(q));
}

function activity(row: Conversation): number {
  return Date.parse(row.last_message?.created_at ?? row.created_at);
}

function newestFirst(rows: Conversation[]): Conversation[] {
  return rows
    .map((row) => ({ row, at: activity(row) }))
    .sort((a, b) => b.at - a.at || (a.row.id < b.row.id ? 1 : -1))
    .map(({ row }) => row);
}
