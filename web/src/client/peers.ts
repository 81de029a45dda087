/** How far everybody else has come: delivered and read watermarks, and what they say about one's own messages. */

import type { Emitter } from "./emitter";
import type { Conversation, Marks, Member } from "./types";

/** Everything of one's own up to these numbers has reached, and been read by, everybody it should. */
export type Levels = Readonly<Marks>;

const NONE: Levels = { delivered_seq: 0, read_seq: 0 };
const NOBODY: ReadonlyMap<string, Marks> = new Map();

interface Book {
  marks: Map<string, Marks>;
  /** What was handed out; made anew after a change. */
  snapshot: ReadonlyMap<string, Marks> | null;
}

/**
 * In a private chat the peer's watermarks count. In a group a message is read once every other member has read it,
 * which needs the complete list of members; while that is not loaded (large rooms: the server does not tell their receipts) messages stay
 * `sent`, and `messages.readers` tells who has read one.
 */
export class Peers {
  readonly #books = new Map<string, Book>();
  readonly #members = new Map<string, ReadonlySet<string>>();
  readonly #levels = new Map<string, Levels>();

  constructor(
    private readonly emitter: Emitter,
    private readonly conversation: (id: string) => Conversation | undefined,
    private readonly me: () => string | undefined,
    private readonly onLevels: (id: string) => void,
  ) {}

  snapshot(conversationId: string): ReadonlyMap<string, Marks> {
    const book = this.#books.get(conversationId);
    if (!book) return NOBODY;
    book.snapshot ??= new Map(book.marks);
    return book.snapshot;
  }

  levels(conversationId: string): Levels {
    const known = this.#levels.get(conversationId);
    if (known) return known;
    const levels = this.#compute(conversationId);
    this.#levels.set(conversationId, levels);
    return levels;
  }

  /** A watermark was told; only forward. */
  note(conversationId: string, userId: string, marks: Marks): void {
    if (this.#raise(conversationId, userId, marks)) this.#changed(conversationId);
  }

  /** The complete list of members, or null when it is not known (any more). */
  members(conversationId: string, members: readonly Member[] | null): void {
    if (members) {
      for (const member of members) this.#raise(conversationId, member.user.id, member);
      this.#members.set(conversationId, new Set(members.map(({ user }) => user.id)));
    } else {
      this.#members.delete(conversationId);
    }
    this.#changed(conversationId);
  }

  forget(conversationId: string): void {
    this.#books.delete(conversationId);
    this.#members.delete(conversationId);
    this.#changed(conversationId);
  }

  clear(): void {
    for (const id of [...this.#books.keys()]) this.forget(id);
    this.#levels.clear();
  }

  #raise(conversationId: string, userId: string, marks: Marks): boolean {
    const book = this.#books.get(conversationId) ?? { marks: new Map(), snapshot: null };
    this.#books.set(conversationId, book);
    const held = book.marks.get(userId);
    const read = Math.max(held?.read_seq ?? 0, marks.read_seq);
    const delivered = Math.max(held?.delivered_seq ?? 0, marks.delivered_seq, read);
    if (held && read === held.read_seq && delivered === held.delivered_seq) return false;
    book.marks.set(userId, { delivered_seq: delivered, read_seq: read });
    book.snapshot = null;
    return true;
  }

  #compute(conversationId: string): Levels {
    const me = this.me();
    const peer = this.conversation(conversationId)?.peer?.id;
    const others = peer ? [peer] : [...(this.#members.get(conversationId) ?? [])].filter((id) => id !== me);
    if (others.length === 0) return NONE;
    const marks = others.map((id) => this.#books.get(conversationId)?.marks.get(id) ?? NONE);
    return {
      delivered_seq: Math.min(...marks.map((mark) => mark.delivered_seq)),
      read_seq: Math.min(...marks.map((mark) => mark.read_seq)),
    };
  }

  #changed(conversationId: string): void {
    const before = this.#levels.get(conversationId);
    this.#levels.delete(conversationId);
    this.emitter.touch(`receipts:${conversationId}`);
    const after = this.levels(conversationId);
    if (before?.read_seq !== after.read_seq || before.delivered_seq !== after.delivered_seq) {
      this.onLevels(conversationId);
    }
  }
}
