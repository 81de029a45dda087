/** What the client is sure to have seen: per conversation the highest `change` below which nothing is missing. */

interface Marker {
  /** Everything up to here has been applied. */
  change: number;
  /** Seen above it, waiting for what lies between. */
  ahead: Set<number>;
  /** The conversation is known to have come this far. */
  expected: number;
  /** When the hole was noticed (ms), or 0. */
  holeSince: number;
}

/** Beyond this many changes above a hole they are forgotten: the sync that closes the hole brings them anyway. */
const AHEAD_LIMIT = 5_000;
const LONGEST_WAIT_MS = 10_000;

/**
 * Pushes may be lost, doubled or out of order; every one says which change it is. The marker moves only over an
 * unbroken run of changes, so it may always be sent to the server as "I have everything up to here". A hole that
 * lasts is reported once per `holeDelayMs`, more slowly when syncs do not close it.
 */
export class Markers {
  readonly #markers = new Map<string, Marker>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;

  constructor(
    private readonly holeDelayMs: number,
    private readonly onHole: () => void,
  ) {}

  has(id: string): boolean {
    return this.#markers.has(id);
  }

  get(id: string): number | undefined {
    return this.#markers.get(id)?.change;
  }

  /** Nothing is known to be missing. */
  whole(id: string): boolean {
    return this.#markers.get(id)?.holeSince === 0;
  }

  /** All markers, as `sync` wants them. */
  all(): Record<string, number> {
    return Object.fromEntries([...this.#markers].map(([id, marker]) => [id, marker.change]));
  }

  /** Change number `change` of a known conversation was applied. True the first time. */
  note(id: string, change: number): boolean {
    const marker = this.#markers.get(id);
    if (!marker || change <= marker.change || marker.ahead.has(change)) return false;
    if (marker.ahead.size < AHEAD_LIMIT) marker.ahead.add(change);
    this.expect(id, change);
    return true;
  }

  /** The conversation is known to have reached `change`; what is missing should arrive soon. */
  expect(id: string, change: number): void {
    const marker = this.#markers.get(id);
    if (!marker) return;
    marker.expected = Math.max(marker.expected, change);
    this.#advance(marker);
  }

  /** Everything up to `change` has been applied or will be loaded from history. Starts the marker if it is new. */
  reach(id: string, change: number): void {
    const marker = this.#markers.get(id);
    if (!marker) return this.set(id, change);
    marker.change = Math.max(marker.change, change);
    for (const seen of marker.ahead) if (seen <= marker.change) marker.ahead.delete(seen);
    this.#advance(marker);
  }

  /** Starts afresh at `change`, even backwards. */
  set(id: string, change: number): void {
    this.#markers.set(id, { change, ahead: new Set(), expected: change, holeSince: 0 });
  }

  delete(id: string): void {
    this.#markers.delete(id);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tries = 0;
    this.#markers.clear();
  }

  #advance(marker: Marker): void {
    while (marker.ahead.delete(marker.change + 1)) marker.change += 1;
    if (marker.change >= marker.expected) {
      marker.holeSince = 0;
      return;
    }
    marker.holeSince ||= Date.now();
    this.#timer ??= setTimeout(() => this.#check(), this.holeDelayMs);
  }

  #check(): void {
    this.#timer = undefined;
    const holes = [...this.#markers.values()].filter((marker) => marker.holeSince > 0);
    if (holes.length === 0) {
      this.#tries = 0;
      return;
    }
    const now = Date.now();
    const old = holes.some((marker) => now - marker.holeSince >= this.holeDelayMs * 0.9);
    if (old) {
      this.#tries += 1;
      this.onHole();
    }
    const wait = Math.min(LONGEST_WAIT_MS, this.holeDelayMs * 2 ** Math.max(0, this.#tries - 1));
    this.#timer = setTimeout(() => this.#check(), wait);
  }
}
