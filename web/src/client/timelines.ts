/** The timelines that are held, and loading them from history. */

import type { TimelinesApi } from "./api";
import type { Emitter } from "./emitter";
import { ChatError } from "./errors";
import { query } from "./http";
import { Items } from "./items";
import type { Levels } from "./peers";
import { Timeline } from "./timeline";
import type { Message, OutboxItem, Page, TimelineView } from "./types";

type Loading = NonNullable<TimelineView["loading"]>;

interface Entry {
  timeline: Timeline;
  /** How many parts of the page show it. */
  open: number;
  loads: Map<string, Promise<void>>;
  loading: Loading | null;
  error: ChatError | null;
  /** The newest request that replaces the window; answers to older ones are dropped. */
  replacing: number;
  view: TimelineView | null;
}

export interface TimelinesHooks {
  get<T>(path: string): Promise<T>;
  me(): string | undefined;
  levels(conversationId: string): Levels;
  pending(conversationId: string): readonly OutboxItem[];
  /** A page of history arrived. */
  loaded(conversationId: string, messages: readonly Message[]): void;
  opened(conversationId: string): void;
}

export interface Bounds {
  timelines: number;
  timelineLimit: number;
  pageSize: number;
}

export class Timelines implements TimelinesApi {
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #items = new Items();

  constructor(
    private readonly emitter: Emitter,
    private readonly bounds: Bounds,
    private readonly hooks: TimelinesHooks,
  ) {}

  view(conversationId: string): TimelineView {
    const entry = this.#entry(conversationId);
    entry.view ??= this.#build(conversationId, entry);
    return entry.view;
  }

  open(conversationId: string): () => void {
    const entry = this.#entry(conversationId, true);
    entry.open += 1;
    if (!entry.timeline.loaded) void this.loadLatest(conversationId).catch(() => {});
    this.hooks.opened(conversationId);
    let closed = false;
    return () => {
      if (!closed) entry.open -= 1;
      closed = true;
    };
  }

  isOpen(conversationId: string): boolean {
    return (this.#entries.get(conversationId)?.open ?? 0) > 0;
  }

  openIds(): string[] {
    return [...this.#entries].filter(([, entry]) => entry.open > 0).map(([id]) => id);
  }

  async loadLatest(conversationId: string): Promise<void> {
    const { timeline } = this.#entry(conversationId, true);
    if (timeline.loaded && timeline.atEnd) return;
    await this.#replace(conversationId, "latest", {});
  }

  async loadAround(conversationId: string, seq: number): Promise<void> {
    await this.#replace(conversationId, "around", { around_seq: seq });
  }

  async loadOlder(conversationId: string): Promise<void> {
    const { timeline } = this.#entry(conversationId, true);
    if (!timeline.loaded || timeline.atStart) return;
    const lo = timeline.lo;
    await this.#extend(conversationId, "older", { before_seq: lo }, (page) =>
      timeline.prepend(page.items, lo, page.prev_cursor === null),
    );
  }

  async loadNewer(conversationId: string): Promise<void> {
    const { timeline } = this.#entry(conversationId, true);
    if (!timeline.loaded || timeline.atEnd) return;
    const hi = timeline.hi;
    await this.#extend(conversationId, "newer", { after_seq: hi }, (page) =>
      timeline.append(page.items, hi, page.next_cursor === null),
    );
  }

  /** A message as it now is. */
  apply(message: Message): void {
    const id = message.conversation_id;
    const timeline = this.#entries.get(id)?.timeline;
    if (!timeline) return;
    const wasAtEnd = timeline.atEnd;
    if (timeline.apply(message)) this.changed(id);
    // Too much was missing to wait for it: page on.
    if (wasAtEnd && !timeline.atEnd && this.isOpen(id)) void this.loadNewer(id).catch(() => {});
  }

  /** What is held may be outdated: drops it, and loads it anew when it is on screen. */
  reset(conversationId: string): void {
    const entry = this.#entries.get(conversationId);
    if (!entry || (!entry.timeline.loaded && entry.loads.size === 0)) return;
    entry.timeline.clear();
    entry.replacing += 1;
    entry.loads.clear();
    entry.loading = null;
    this.changed(conversationId);
    if (entry.open > 0) void this.loadLatest(conversationId).catch(() => {});
  }

  /** After a reconnect: what could not be loaded is tried again. */
  reload(): void {
    for (const [id, entry] of this.#entries) {
      if (entry.open > 0 && !entry.timeline.loaded && entry.loads.size === 0) {
        void this.loadLatest(id).catch(() => {});
      }
    }
  }

  remove(conversationId: string): void {
    const entry = this.#entries.get(conversationId);
    if (!entry) return;
    entry.timeline.clear();
    entry.replacing += 1;
    entry.loads.clear();
    if (entry.open === 0) this.#entries.delete(conversationId);
    this.changed(conversationId);
  }

  clear(): void {
    for (const id of [...this.#entries.keys()]) this.remove(id);
  }

  /** Something that a view shows changed: messages, unsent ones or watermarks. */
  changed(conversationId: string): void {
    const entry = this.#entries.get(conversationId);
    if (entry) entry.view = null;
    this.emitter.touch(`timeline:${conversationId}`);
  }

  async #replace(id: string, kind: "latest" | "around", parameters: Record<string, number>): Promise<void> {
    const entry = this.#entry(id, true);
    const key = JSON.stringify(parameters);
    const running = entry.loads.get(key);
    if (running) return running;
    entry.replacing += 1;
    const request = entry.replacing;
    return this.#load(id, entry, key, kind, parameters, (page) => {
      if (entry.replacing !== request) return;
      entry.timeline.replace(page.items, {
        atStart: page.prev_cursor === null,
        atEnd: kind === "latest" || page.next_cursor === null,
      });
    });
  }

  async #extend(
    id: string,
    kind: "older" | "newer",
    parameters: Record<string, number>,
    accept: (page: Page<Message>) => void,
  ): Promise<void> {
    const entry = this.#entry(id, true);
    const running = entry.loads.get(kind);
    if (running) return running;
    const { generation } = entry.timeline;
    return this.#load(id, entry, kind, kind, parameters, (page) => {
      if (entry.timeline.generation === generation) accept(page);
    });
  }

  #load(
    id: string,
    entry: Entry,
    key: string,
    kind: Loading,
    parameters: Record<string, number>,
    accept: (page: Page<Message>) => void,
  ): Promise<void> {
    const run = this.#fetch(id, entry, kind, parameters, accept).finally(() => {
      if (entry.loads.get(key) === run) entry.loads.delete(key);
      if (entry.loads.size === 0) entry.loading = null;
      this.changed(id);
    });
    entry.loads.set(key, run);
    return run;
  }

  async #fetch(
    id: string,
    entry: Entry,
    kind: Loading,
    parameters: Record<string, number>,
    accept: (page: Page<Message>) => void,
  ): Promise<void> {
    const { timeline } = entry;
    timeline.beginLoad();
    entry.loading = kind;
    entry.error = null;
    this.changed(id);
    try {
      const path = `/conversations/${id}/messages${query({ limit: this.bounds.pageSize, ...parameters })}`;
      const page = await this.hooks.get<Page<Message>>(path);
      accept(page);
      this.hooks.loaded(id, page.items);
    } catch (error) {
      entry.error = error instanceof ChatError ? error : new ChatError("unavailable", String(error));
      throw entry.error;
    } finally {
      timeline.endLoad();
    }
  }

  #entry(id: string, use = false): Entry {
    const entry = this.#entries.get(id) ?? {
      timeline: new Timeline(this.bounds.timelineLimit),
      open: 0,
      loads: new Map(),
      loading: null,
      error: null,
      replacing: 0,
      view: null,
    };
    if (use || !this.#entries.has(id)) {
      this.#entries.delete(id);
      this.#entries.set(id, entry);
      this.#evict(id);
    }
    return entry;
  }

  #evict(keep: string): void {
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size <= this.bounds.timelines) return;
      if (id !== keep && entry.open === 0) this.#entries.delete(id);
    }
  }

  #build(conversationId: string, entry: Entry): TimelineView {
    const { timeline } = entry;
    const me = this.hooks.me();
    const levels = this.hooks.levels(conversationId);
    const items = timeline.messages.map((message) => this.#items.stored(message, me, levels));
    if (me && (timeline.atEnd || !timeline.loaded)) {
      for (const unsent of this.hooks.pending(conversationId)) items.push(this.#items.pending(unsent, me));
    }
    return {
      conversationId,
      items,
      loaded: timeline.loaded,
      atStart: timeline.atStart,
      atEnd: timeline.atEnd,
      loading: entry.loading,
      error: entry.error,
    };
  }
}
