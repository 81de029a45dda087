/** Members of conversations, as far as they were asked for. */

import type { Emitter } from "./emitter";
import { query } from "./http";
import type { Peers } from "./peers";
import type { Member, Page } from "./types";
import type { Users } from "./users";

const PAGE = 100;
const AT_MOST = 1_000;

export class Members {
  readonly #lists = new Map<string, readonly Member[]>();
  readonly #loading = new Map<string, Promise<readonly Member[]>>();
  readonly #stale = new Set<string>();

  constructor(
    private readonly emitter: Emitter,
    private readonly peers: Peers,
    private readonly users: Users,
    private readonly fetch: <T>(path: string) => Promise<T>,
  ) {}

  get(conversationId: string): readonly Member[] | undefined {
    return this.#lists.get(conversationId);
  }

  /** Fetches anew; concurrent calls share one fetch. */
  load(conversationId: string): Promise<readonly Member[]> {
    const running = this.#loading.get(conversationId);
    if (running) return running;
    const run = this.#fetch(conversationId).finally(() => {
      if (this.#loading.get(conversationId) === run) this.#loading.delete(conversationId);
    });
    this.#loading.set(conversationId, run);
    return run;
  }

  /** Fetches unless a list is held that nothing speaks against. */
  async ensure(conversationId: string): Promise<void> {
    const current = this.#lists.has(conversationId) && !this.#stale.has(conversationId);
    if (!current) await this.load(conversationId);
  }

  /** Somebody came, went or got another role; or receipts may have been missed. */
  outdated(conversationId: string): void {
    this.#stale.add(conversationId);
    // An answer on its way may be older than the change.
    this.#loading.delete(conversationId);
  }

  allOutdated(): void {
    for (const id of this.#lists.keys()) this.outdated(id);
  }

  forget(conversationId: string): void {
    this.#stale.delete(conversationId);
    this.#loading.delete(conversationId);
    if (this.#lists.delete(conversationId)) this.emitter.touch(`members:${conversationId}`);
  }

  clear(): void {
    for (const id of [...this.#lists.keys()]) this.forget(id);
    this.#loading.clear();
    this.#stale.clear();
  }

  async #fetch(conversationId: string): Promise<readonly Member[]> {
    this.#stale.delete(conversationId);
    const members: Member[] = [];
    let cursor: string | undefined;
    try {
      do {
        const path = `/conversations/${conversationId}/members${query({ limit: PAGE, cursor })}`;
        const page: Page<Member> = await this.fetch(path);
        members.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor && members.length < AT_MOST);
    } catch (error) {
      this.#stale.add(conversationId);
      throw error;
    }
    this.#lists.set(conversationId, members);
    this.users.learn(members.map(({ user }) => user));
    this.peers.members(conversationId, cursor ? null : members);
    this.emitter.touch(`members:${conversationId}`);
    return members;
  }
}
