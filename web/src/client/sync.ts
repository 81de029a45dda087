/** Catching up: telling the server what one has, and taking in what is missing. */

import { backoff, Pause } from "./backoff";
import { ChatError } from "./errors";
import type { Feed } from "./feed";
import type { Markers } from "./markers";
import type { SyncAnswer } from "./types";

/** Messages per answer; the server allows 1,000. */
const LIMIT = 500;
/** After so many unanswered syncs in a row the connection counts as dead. */
const TIMEOUTS = 2;

export interface SyncHooks {
  ask(payload: object): Promise<SyncAnswer>;
  connected(): boolean;
  /** Everything the server had when asked is held now. */
  complete(): void;
  /** The socket is open but nobody answers. */
  dead(): void;
}

/**
 * One sync at a time; requests during one lead to a single further one. It fails only when the connection is lost,
 * then the next `ready` starts it again; any other error is retried with backoff.
 */
export class Sync {
  epoch: string | number | undefined;
  #running = false;
  #wanted = false;
  /** Counts up at sign-out: what still runs belongs to somebody else. */
  #life = 0;
  readonly #pause = new Pause();

  constructor(
    private readonly feed: Feed,
    private readonly markers: Markers,
    private readonly hooks: SyncHooks,
  ) {}

  request(): void {
    this.#wanted = true;
    this.#pause.wake();
    if (!this.#running) void this.#run();
  }

  clear(): void {
    this.#life += 1;
    this.#running = false;
    this.#wanted = false;
    this.epoch = undefined;
    this.#pause.wake();
  }

  async #run(): Promise<void> {
    const life = this.#life;
    this.#running = true;
    let failures = 0;
    let timeouts = 0;
    while (this.#wanted && this.hooks.connected()) {
      this.#wanted = false;
      try {
        await this.#round(life);
        failures = 0;
        timeouts = 0;
      } catch (error) {
        if (this.#life !== life) return;
        this.#wanted = true;
        timeouts = error instanceof ChatError && error.code === "timeout" ? timeouts + 1 : 0;
        if (timeouts >= TIMEOUTS) {
          timeouts = 0;
          this.hooks.dead();
        } else if (this.hooks.connected()) {
          const asked = error instanceof ChatError ? (error.retryAfter ?? 0) * 1000 : 0;
          await this.#pause.for(asked + backoff(failures++, 500, 15_000));
        }
      }
      if (this.#life !== life) return;
    }
    this.#running = false;
  }

  /** Asks until there is no more. */
  async #round(life: number): Promise<void> {
    for (let more = true; more; ) {
      this.feed.syncBegins();
      const before = this.markers.all();
      const answer = await this.hooks.ask({
        // Before the first answer there is nothing to compare; the server starts with everything.
        ...(this.epoch === undefined ? {} : { epoch: this.epoch }),
        conversations: before,
        limit: LIMIT,
      });
      if (this.#life !== life) return;
      const otherEpoch = this.epoch !== undefined && this.epoch !== answer.epoch;
      this.epoch = answer.epoch;
      this.feed.sync(answer, otherEpoch);
      more = answer.more && this.#progressed(before, answer);
    }
    if (!this.#wanted) this.hooks.complete();
  }

  /** A server that says "more" without giving any would keep both sides busy for ever. */
  #progressed(before: Record<string, number>, answer: SyncAnswer): boolean {
    if (answer.conversations.some((row) => before[row.id] === undefined)) return true;
    if (Object.entries(answer.changes).some(([id, change]) => change > (before[id] ?? 0))) return true;
    throw new ChatError("unavailable", "The sync made no progress.");
  }
}
