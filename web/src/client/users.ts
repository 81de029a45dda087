/** Profiles of people: whoever was seen in any answer, and the rest on demand. */

import type { UsersApi } from "./api";
import type { Emitter } from "./emitter";
import { ChatError } from "./errors";
import { query } from "./http";
import type { Page, User } from "./types";

/** Profiles held; beyond it the oldest are forgotten and fetched again when needed. */
const LIMIT = 5_000;
const AT_ONCE = 4;

export class Users implements UsersApi {
  readonly #known = new Map<string, User>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #unknown = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

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
    this.emitter.touch("users");
  }

  #load(id: string): Promise<void> {
    const loading = this.#loading.get(id) ?? this.#fetch(id).finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  async #fetch(id: string): Promise<void> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    try {
      this.learn([await this.fetch<User>(`/users/${id}`)]);
    } catch (error) {
      // A deleted account: asking again would not help. Anything else may be tried again.
      if (error instanceof ChatError && error.status === 404) this.#unknown.add(id);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

function same(a: User | undefined, b: User): boolean {
  return (
    a !== undefined &&
    a.username === b.username &&
    a.display_name === b.display_name &&
    a.avatar_url === b.avatar_url &&
    a.role === b.role &&
    a.last_seen_at === b.last_seen_at
  );
}
