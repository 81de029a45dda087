/** Where everything that comes from the server enters the state. One place, so that every way has the same effect. */

import type { Emitter } from "./emitter";
import type { Markers } from "./markers";
import type { OwnMarks } from "./marks";
import type { Members } from "./members";
import type { Outbox } from "./outbox";
import type { Peers } from "./peers";
import type { Store } from "./store";
import type { Timelines } from "./timelines";
import type { Conversation, Message, ReceiptEvent, SyncAnswer } from "./types";
import type { Typing } from "./typing";
import type { Users } from "./users";

/** Members of a conversation up to which the server tells receipts to the others. */
const RECEIPTS_UP_TO = 100;

export interface State {
  emitter: Emitter;
  store: Store;
  markers: Markers;
  marks: OwnMarks;
  members: Members;
  outbox: Outbox;
  peers: Peers;
  timelines: Timelines;
  typing: Typing;
  users: Users;
}

export class Feed {
  /** Conversations that events spoke of while a sync was on its way; see `sync`. */
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
  /** For each list that is being fetched, the conversations that something newer has spoken of. */
  readonly #fetching = new Set<Set<string>>();

  constructor(
    private readonly state: State,
    private readonly me: () => string | undefined,
    /** Something does not fit together: catch up. */
    private readonly onDoubt: () => void,
  ) {}

  /** `message` (`created`), `message_changed`, and the message in an acknowledgement. */
  message(message: Message, created = false): void {
    const { emitter, markers, marks, store } = this.state;
    const id = message.conversation_id;
    if (!store.get(id)) return this.onDoubt();
    this.#apply(message);
    const news = markers.note(id, message.change);
    if (!news || !created || message.sender_id === this.me()) return;
    marks.arrived(id);
    emitter.tell("incoming", message);
  }

  /** Messages of a history page: they are shown by the timeline itself. */
  history(messages: readonly Message[]): void {
    for (const message of messages) this.state.outbox.confirm(message);
    void this.state.users.load(senders(messages));
  }

  /** `conversation_changed`: also how one hears of a conversation that somebody else has begun. */
  conversation(row: Conversation): void {
    const first = this.state.store.get(row.id) === undefined;
    this.row(row);
    const message = row.last_message;
    if (first && row.unread > 0 && message && message.sender_id !== this.me()) {
      this.state.emitter.tell("incoming", message);
    }
  }

  /** A list that is fetched now: whatever an event says until it arrives is newer. */
  async rows(fetch: () => Promise<Conversation[]>): Promise<void> {
    const newer = new Set<string>();
    this.#fetching.add(newer);
    try {
      for (const row of await fetch()) if (!newer.has(row.id)) this.#row(row);
    } finally {
      this.#fetching.delete(newer);
    }
  }

  /** The answer to a call about one conversation. */
  row(row: Conversation): void {
    this.#changed.add(row.id);
    this.#removed.delete(row.id);
    this.#spoken(row.id);
    this.#row(row);
  }

  /** `conversation_removed`, or one left it oneself. */
  removed(id: string): void {
    this.#removed.add(id);
    this.#changed.delete(id);
    this.#spoken(id);
    this.#remove(id);
  }

  receipt(event: ReceiptEvent): void {
    const id = event.conversation_id;
    if (event.user_id === this.me()) this.state.marks.elsewhere(id, event);
    this.state.peers.note(id, event.user_id, event);
  }

  typing(event: { conversation_id: string; user_id: string; on: boolean }): void {
    if (event.user_id !== this.me()) this.state.typing.heard(event.conversation_id, event.user_id, event.on);
  }

  /**
   * Loads the members of a conversation on screen, for names and receipts. Not of large ones: their receipts are told
   * to nobody, and a hundred people joining would have everybody read everybody again and again.
   */
  keepMembers(id: string): void {
    const count = this.state.store.get(id)?.member_count;
    if (count !== undefined && count <= RECEIPTS_UP_TO) void this.state.members.ensure(id).catch(() => {});
  }

  /** A sync is asked for now; what events say until its answer is newer than the answer. */
  syncBegins(): void {
    this.#changed.clear();
    this.#removed.clear();
  }

  /**
   * `otherEpoch`: the server's counters may have gone backwards, nothing held counts any more. A conversation that
   * was removed or changed by an event while the answer was on its way keeps what the event said, and another sync
   * settles it.
   */
  sync(answer: SyncAnswer, otherEpoch: boolean): void {
    const { markers, marks, timelines, store } = this.state;
    if (otherEpoch) this.#forgetUnlisted(answer);
    for (const id of answer.reset) {
      markers.set(id, answer.changes[id] ?? 0);
      timelines.reset(id);
    }
    for (const row of answer.conversations) {
      if (this.#removed.has(row.id)) this.onDoubt();
      else this.#syncRow(row, otherEpoch);
    }
    for (const message of answer.messages) if (store.get(message.conversation_id)) this.#apply(message);
    for (const [id, change] of Object.entries(answer.changes)) if (store.get(id)) markers.reach(id, change);
    for (const [id, own] of Object.entries(answer.unchanged)) {
      marks.stored(id, own);
      if (!this.#changed.has(id)) store.facts(id, own);
    }
    for (const id of answer.removed) {
      if (this.#changed.has(id)) this.onDoubt();
      else this.#remove(id);
    }
  }

  #apply(message: Message): void {
    const { marks, outbox, peers, store, timelines, typing, users } = this.state;
    const own = message.sender_id === this.me();
    store.message(message);
    timelines.apply(message);
    outbox.confirm(message);
    if (!message.sender_id) return;
    // Whoever writes has read: the server moves the writer's watermarks along.
    const mark = { delivered_seq: message.seq, read_seq: message.seq };
    peers.note(message.conversation_id, message.sender_id, mark);
    if (own) marks.elsewhere(message.conversation_id, mark);
    else typing.heard(message.conversation_id, message.sender_id, false);
    if (timelines.isOpen(message.conversation_id)) void users.load([message.sender_id]);
  }

  #row(row: Conversation): void {
    const { marks, members, markers, store, timelines, users } = this.state;
    const held = store.get(row.id);
    store.merge(row);
    users.learn([row.peer]);
    if (markers.has(row.id)) {
      markers.expect(row.id, row.last_change);
    } else {
      // Whatever history was loaded before the first marker may lack changes that came in between.
      markers.set(row.id, row.last_change);
      timelines.reset(row.id);
    }
    marks.arrived(row.id);
    // Who is in it, or with which role, may be what changed.
    if (held && row.kind !== "private") members.outdated(row.id);
    if (timelines.isOpen(row.id)) this.keepMembers(row.id);
  }

  #syncRow(row: Conversation, afresh: boolean): void {
    const held = this.state.store.get(row.id);
    this.#spoken(row.id);
    if (afresh) this.state.store.merge(row, true);
    // Every change of the shared fields is followed by an event: one that came meanwhile is not older than this.
    else if (held && this.#changed.has(row.id)) this.#row({ ...held, ...counters(row) });
    else this.#row(row);
    this.state.marks.stored(row.id, row);
  }

  #spoken(id: string): void {
    for (const newer of this.#fetching) newer.add(id);
  }

  #remove(id: string): void {
    const { marks, members, markers, peers, store, timelines } = this.state;
    markers.delete(id);
    store.remove(id);
    marks.forget(id);
    members.forget(id);
    peers.forget(id);
    timelines.remove(id);
  }

  #forgetUnlisted(answer: SyncAnswer): void {
    const listed = new Set(answer.conversations.map((row) => row.id));
    for (const id of this.state.store.ids()) {
      if (listed.has(id)) this.state.peers.forget(id);
      else this.#remove(id);
    }
  }
}

function counters(row: Conversation): Partial<Conversation> {
  const { last_seq, last_change, delivered_seq, read_seq, last_message } = row;
  return { last_seq, last_change, delivered_seq, read_seq, last_message };
}

function senders(messages: readonly Message[]): string[] {
  return [...new Set(messages.flatMap((message) => message.sender_id ?? []))];
}
