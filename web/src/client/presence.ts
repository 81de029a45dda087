/** Who is online. */

import type { PresenceApi } from "./api";
import type { Emitter } from "./emitter";
import type { Presence } from "./types";

/** What the server takes in one `watch`. */
const AT_MOST = 500;

export interface PresenceHooks {
  ask<T>(event: "watch" | "set_status", payload: object): Promise<T>;
  connected(): boolean;
}

/**
 * The protocol knows no "unwatch": the server forgets with the connection. People nobody watches any more are not
 * asked for again after the next reconnect.
 */
export class PresenceBook implements PresenceApi {
  readonly #states = new Map<string, Presence>();
  readonly #watchers = new Map<string, number>();
  readonly #due = new Set<string>();
  #scheduled = false;
  #status: "online" | "away" = "online";

  constructor(
    private readonly emitter: Emitter,
    private readonly hooks: PresenceHooks,
  ) {}

  watch(userIds: readonly string[]): () => void {
    const ids = [...new Set(userIds)];
    for (const id of ids) {
      const watchers = this.#watchers.get(id) ?? 0;
      this.#watchers.set(id, watchers + 1);
      if (watchers === 0) this.#due.add(id);
    }
    this.#schedule();
    let stopped = false;
    return () => {
      if (stopped) return;
      stopped = true;
      for (const id of ids) this.#unwatch(id);
    };
  }

  get(userId: string): Presence | undefined {
    return this.#states.get(userId);
  }

  setStatus(status: "online" | "away"): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#tellStatus();
  }

  /** An event from the server. */
  heard(presence: Presence): void {
    const held = this.#states.get(presence.user_id);
    if (held?.status === presence.status && held.last_seen === presence.last_seen) return;
    this.#states.set(presence.user_id, presence);
    this.emitter.touch("presence");
    this.emitter.touch(`presence:${presence.user_id}`);
  }

  /** A new connection knows nothing of the old one's wishes. */
  reconnected(): void {
    for (const id of this.#watchers.keys()) this.#due.add(id);
    this.#schedule();
    if (this.#status !== "online") this.#tellStatus();
  }

  clear(): void {
    this.#states.clear();
    this.#due.clear();
    this.#status = "online";
    this.emitter.touch("presence");
  }

  #unwatch(id: string): void {
    const watchers = (this.#watchers.get(id) ?? 1) - 1;
    if (watchers > 0) this.#watchers.set(id, watchers);
    else {
      this.#watchers.delete(id);
      this.#due.delete(id);
    }
  }

  #tellStatus(): void {
    if (!this.hooks.connected()) return;
    void this.hooks.ask("set_status", { status: this.#status }).catch(() => {});
  }

  #schedule(): void {
    if (this.#scheduled || this.#due.size === 0 || !this.hooks.connected()) return;
    this.#scheduled = true;
    // A page draws many avatars in one go: one question for all of them.
    setTimeout(() => {
      this.#scheduled = false;
      void this.#ask();
    }, 20);
  }

  async #ask(): Promise<void> {
    const ids = [...this.#due];
    this.#due.clear();
    for (let i = 0; i < ids.length; i += AT_MOST) {
      const userIds = ids.slice(i, i + AT_MOST);
      try {
        const { presence } = await this.hooks.ask<{ presence: Presence[] }>("watch", { user_ids: userIds });
        for (const state of presence) this.heard(state);
      } catch {
        // Cut off: asked again after the reconnect. Refused: shown as not known.
      }
    }
  }
}
