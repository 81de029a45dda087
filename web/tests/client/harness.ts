/** The state machinery without sockets: pushes, syncs and pages are handed over by the test, in any order it likes. */

import { Emitter } from "../../src/client/emitter";
import { Feed } from "../../src/client/feed";
import { Markers } from "../../src/client/markers";
import { OwnMarks } from "../../src/client/marks";
import { Members } from "../../src/client/members";
import { Outbox } from "../../src/client/outbox";
import { Peers } from "../../src/client/peers";
import { MemoryStorage } from "../../src/client/storage";
import { Store } from "../../src/client/store";
import { Timelines } from "../../src/client/timelines";
import type { Message, SyncAnswer } from "../../src/client/types";
import { Typing } from "../../src/client/typing";
import { Users } from "../../src/client/users";
import type { Model } from "./model";

export class Harness {
  readonly emitter = new Emitter();
  readonly store = new Store(this.emitter);
  readonly markers = new Markers(5, () => {});
  readonly timelines: Timelines;
  readonly outbox: Outbox;
  readonly feed: Feed;
  readonly peers: Peers;
  doubts = 0;
  /** Set: a page waits for this before it arrives (it was read before the wait). */
  hold: Promise<void> | null = null;
  #epoch: string | number | undefined;

  constructor(
    readonly model: Model,
    readonly me: string,
    bounds = { timelines: 30, timelineLimit: 2_000, pageSize: 5 },
  ) {
    const get = <T>(path: string) => this.#get(path) as Promise<T>;
    const users = new Users(this.emitter, get);
    this.peers = new Peers(
      this.emitter,
      (id) => this.store.get(id),
      () => me,
      (id) => this.timelines.changed(id),
    );
    this.outbox = new Outbox(new MemoryStorage(), 100, {
      transport: async () => Promise.reject(new Error("not used")),
      connected: () => false,
      stored: () => {},
      changed: (id) => this.timelines.changed(id),
    });
    this.outbox.begin(me);
    this.timelines = new Timelines(this.emitter, bounds, {
      get,
      me: () => me,
      levels: (id) => this.peers.levels(id),
      pending: (id) => this.outbox.list(id),
      loaded: (_, messages) => this.feed.history(messages),
      opened: () => {},
    });
    this.feed = new Feed(
      {
        emitter: this.emitter,
        store: this.store,
        markers: this.markers,
        marks: new OwnMarks(
          this.store,
          this.markers,
          async () => ({}),
          1_000_000,
          () => false,
        ),
        members: new Members(this.emitter, this.peers, users, get),
        outbox: this.outbox,
        peers: this.peers,
        timelines: this.timelines,
        typing: new Typing(this.emitter, () => {}),
        users,
      },
      () => me,
      () => {
        this.doubts += 1;
      },
    );
  }

  ask(limit = 500, resetAbove?: number): SyncAnswer {
    const request = { epoch: this.#epoch, conversations: this.markers.all(), limit };
    return this.model.sync(this.me, request, resetAbove);
  }

  take(answer: SyncAnswer): boolean {
    const other = this.#epoch !== undefined && this.#epoch !== answer.epoch;
    this.#epoch = answer.epoch;
    this.feed.sync(structuredClone(answer), other);
    return answer.more;
  }

  /** Catches up completely, as after a reconnect. */
  sync(limit = 500, resetAbove?: number): void {
    do {
      this.feed.syncBegins();
    } while (this.take(this.ask(limit, resetAbove)));
  }

  shown(id: string): Message[] {
    return this.timelines
      .view(id)
      .items.filter((item) => item.message.seq > 0)
      .map((item) => item.message);
  }

  close(): void {
    this.markers.clear();
  }

  async #get(path: string): Promise<unknown> {
    const [address = "", search = ""] = path.split("?");
    const id = address.split("/")[2] ?? "";
    if (address === "/users") {
      const ids = new URLSearchParams(search).getAll("ids");
      return {
        items: ids.flatMap((known) => this.model.users.get(known) ?? []),
        next_cursor: null,
        prev_cursor: null,
      };
    }
    const parameters = Object.fromEntries(
      [...new URLSearchParams(search)].map(([key, value]) => [key, Number(value)]),
    );
    const page = structuredClone(this.model.history(id, parameters));
    await this.hold;
    return page;
  }
}
