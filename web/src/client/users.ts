/** Profiles of people: whoever was seen in any answer, and the rest on demand. */

import type { UsersApi } from "./api";
import type { Emitter } from "./emitter";
import { query } from "./http";
import type { Page, User } from "./types";

/** Profiles held; beyond it the oldest are forgotten and fetched again when needed. */
const LIMIT = 5_000;
/**
 * Who is met within so many ms is asked for together, and requests are so many ms apart: in a busy room somebody new
 * speaks all the time, and hundreds listen who all want to know the name.
 */
const GATHER_MS = 50;
const APART_MS = 1_000;
/** Profiles of one request; the server allows as many. */
const BATCH = 50;

interface Batch {
  ids: string[];
  done: Promise<void>;
}

export class Users implements UsersApi {
  readonly #known = new Map<string, User>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #unknown = new Set<string>();
  #gathering: Batch | null = null;
  #askedAt = 0;

  constructor(
    private readonly emitter: Emitter,
    private readonly fetch: <T>(path: string) => Promise<T>,
  ) {}

  get(id: string): User | undefined {
    return this.#known.get(id);
  }

  async load(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.#known.has(id) && !this.#unknown.has(id));
    await Promise.all(missing.map((id) => this.#load(id)));
  }

  async search(q: string, limit = 20): Promise<User[]> {
    const { items } = await this.fetch<Page<User>>(`/users${query({ q, limit })}`);
    this.learn(items);
    return items;
  }

  learn(users: readonly (User | null | undefined)[]): void {
    let news = false;
    for (const user of users) {
      if (!user || same(this.#known.get(user.id), user)) continue;
      this.#known.delete(user.id);
      this.#known.set(user.id, user);
      news = true;
    }
    for (const id of this.#known.keys()) {
      if (this.#known.size <= LIMIT) break;
      this.#known.delete(id);
    }
    if (news) this.emitter.touch("users");
  }

  clear(): void {
    this.#known.clear();
    this.#unknown.clear();
    this.#loading.clear();
    this.#gathering = null;
    this.emitter.touch("users");
  }

  #load(id: string): Promise<void> {
    const loading = this.#loading.get(id);
    if (loading) return loading;
    const batch = this.#batch();
    batch.ids.push(id);
    this.#loading.set(id, batch.done);
    if (batch.ids.length >= BATCH) this.#gathering = null;
    return batch.done;
  }

  /** The one that still takes ids. */
  #batch(): Batch {
    if (this.#gathering) return this.#gathering;
    const ids: string[] = [];
    const batch = { ids, done: this.#fetchSoon(ids) };
    this.#gathering = batch;
    return batch;
  }

  async #fetchSoon(ids: string[]): Promise<void> {
    const wait = Math.max(GATHER_MS, this.#askedAt + APART_MS - Date.now());
    await new Promise((resolve) => setTimeout(resolve, wait));
    this.#askedAt = Date.now();
    if (this.#gathering?.ids === ids) this.#gathering = null;
    try {
      const { items } = await this.fetch<Page<User>>(
        `/users?${new URLSearchParams(ids.map((id) => ["ids", id]))}`,
      );
      this.learn(items);
      // Deleted accounts: asking again would not help. After an error it may.
      for (const id of ids) if (!this.#known.has(id)) this.#unknown.add(id);
    } catch {
      // Whoever meets them next asks again.
    } finally {
      for (const id of ids) this.#loading.delete(id);
    }
  }
}

function same(a: User | undefined, b: User): boolean {
  return (
    a !== undefined &&
    a.username === b.username &&
    a.display_name === b.display_name &&
    a.description === b.description &&
    a.avatar_url === b.avatar_url &&
    a.avatar_hue === b.avatar_hue &&
    a.role === b.role &&
    a.last_seen_at === b.last_seen_at
  );
}
