/** A contiguous window of one conversation's messages. Pure state: no network, no clock. */

import type { Message } from "./types";

/** Messages above a gap that are kept until the gap is filled; beyond it the window falls back to paging. */
const AHEAD_LIMIT = 2_000;

/**
 * Holds every message from `lo` to `hi`, each in its newest known form (highest `change`), so that what is shown equals
 * a fresh fetch of the same span, in whatever order creations, edits and pages arrive. Messages outside the window are
 * ignored, except the ones that follow it directly.
 *
 * While a page is being loaded, every message that passes by is remembered and applied again after the page: the page
 * may have been read by the server before the change, and arrive after it.
 */
export class Timeline {
  /** Ascending by `seq`. */
  messages: Message[] = [];
  loaded = false;
  atStart = false;
  /** The newest message is held: the next one is appended when it comes. */
  atEnd = false;
  /** Counts up when the window is replaced: a page that was asked for before no longer fits. */
  generation = 0;

  /** Newer than `hi + 1`, waiting for what lies between; by seq. */
  readonly #ahead = new Map<number, Message>();
  readonly #passing = new Map<string, Message>();
  #loads = 0;

  constructor(private readonly limit: number) {}

  get lo(): number {
    return this.messages[0]?.seq ?? 0;
  }

  get hi(): number {
    return this.messages.at(-1)?.seq ?? 0;
  }

  /** A message from a push, a sync or an acknowledgement. True when the window changed. */
  apply(message: Message): boolean {
    if (this.#loads > 0) remember(this.#passing, message.id, message);
    if (!this.loaded) return false;
    const index = this.#find(message.seq);
    if (index !== undefined) return this.#replaceAt(index, message);
    if (message.seq <= this.hi || !this.atEnd) return false;
    remember(this.#ahead, message.seq, message);
    return this.#drain();
  }

  beginLoad(): void {
    this.#loads += 1;
  }

  /** Applies what passed by during the load. */
  endLoad(): void {
    for (const message of this.#passing.values()) this.apply(message);
    this.#loads -= 1;
    if (this.#loads === 0) this.#passing.clear();
  }

  /** The page becomes the window. */
  replace(page: Message[], ends: { atStart: boolean; atEnd: boolean }): void {
    this.clear();
    this.messages = [...page];
    this.loaded = true;
    this.atStart = ends.atStart;
    this.atEnd = ends.atEnd;
  }

  /** A page of what lies before `before`; ignored when the window no longer begins there. */
  prepend(page: Message[], before: number, atStart: boolean): void {
    if (before !== this.lo) return;
    this.messages = [...page.filter((message) => message.seq < before), ...this.messages];
    this.atStart = atStart;
    if (this.messages.length <= this.limit) return;
    this.messages.length = this.limit;
    this.atEnd = false;
    this.#ahead.clear();
  }

  /** A page of what follows `after`; ignored when the window no longer reaches so far. */
  append(page: Message[], after: number, atEnd: boolean): void {
    const hi = this.hi;
    if (after > hi) return;
    for (const message of page) {
      if (message.seq > hi) this.messages.push(message);
      else this.apply(message);
    }
    this.atEnd = atEnd;
    this.#trimOldest();
    this.#drain();
  }

  /** Holds nothing any more. */
  clear(): void {
    this.messages = [];
    this.#ahead.clear();
    this.loaded = false;
    this.atStart = false;
    this.atEnd = false;
    this.generation += 1;
  }

  /** Moves what follows directly from `#ahead` into the window. */
  #drain(): boolean {
    let moved = false;
    for (let next = this.#ahead.get(this.hi + 1); next; next = this.#ahead.get(this.hi + 1)) {
      this.#ahead.delete(next.seq);
      this.messages.push(next);
      moved = true;
    }
    if (this.#ahead.size > AHEAD_LIMIT) {
      this.#ahead.clear();
      this.atEnd = false;
      return true;
    }
    if (moved) this.#trimOldest();
    return moved;
  }

  #trimOldest(): void {
    const excess = this.messages.length - this.limit;
    if (excess <= 0) return;
    this.messages = this.messages.slice(excess);
    this.atStart = false;
  }

  #replaceAt(index: number, message: Message): boolean {
    const held = this.messages[index];
    if (!held || message.change <= held.change) return false;
    this.messages[index] = message;
    return true;
  }

  #find(seq: number): number | undefined {
    let low = 0;
    let high = this.messages.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.messages[middle]?.seq ?? 0;
      if (found === seq) return middle;
      if (found < seq) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

function remember<K>(map: Map<K, Message>, key: K, message: Message): void {
  const held = map.get(key);
  if (!held || message.change > held.change) map.set(key, message);
}
