/** What one can do with conversations. Every answer goes through the feed, like the events. */

import type { ConversationsApi } from "./api";
import type { Feed } from "./feed";
import { query } from "./http";
import type { Members } from "./members";
import type { Rest } from "./rest";
import type { ListFilter, Store } from "./store";
import type { Conversation, Member, MemberRole, Page } from "./types";

const PAGE = 100;

export class Conversations implements ConversationsApi {
  ready = false;

  constructor(
    private readonly store: Store,
    private readonly membership: Members,
    private readonly feed: Feed,
    private readonly rest: Rest,
  ) {}

  list(filter?: ListFilter): readonly Conversation[] {
    return this.store.list(filter);
  }

  get(id: string): Conversation | undefined {
    return this.store.get(id);
  }

  get totalUnread(): number {
    return this.store.totalUnread;
  }

  /** The newest page, for a first picture before the socket is up; the first sync completes it. */
  async preload(): Promise<void> {
    await this.feed.rows(async () => {
      const { items } = await this.rest.get<Page<Conversation>>(`/conversations${query({ limit: PAGE })}`);
      return this.ready ? this.#held(items) : items;
    });
  }

  clear(): void {
    this.ready = false;
  }

  createPrivate(userId: string): Promise<Conversation> {
    return this.#create({ kind: "private", member_ids: [userId] });
  }

  createGroup(title: string, memberIds: string[] = []): Promise<Conversation> {
    return this.#create({ kind: "group", title, member_ids: memberIds });
  }

  createRoom(title: string, memberIds: string[] = []): Promise<Conversation> {
    return this.#create({ kind: "room", title, member_ids: memberIds });
  }

  rename(id: string, title: string): Promise<Conversation> {
    return this.#row("PATCH", `/conversations/${id}`, { title });
  }

  setArchived(id: string, archived: boolean): Promise<Conversation> {
    return this.#row("PATCH", `/conversations/${id}`, { archived });
  }

  async remove(id: string): Promise<void> {
    await this.rest.call("DELETE", `/conversations/${id}`);
    this.feed.removed(id);
  }

  rooms(parameters: { q?: string; limit?: number; cursor?: string } = {}): Promise<Page<Conversation>> {
    return this.rest.get(`/rooms${query(parameters)}`);
  }

  join(roomId: string): Promise<Conversation> {
    return this.#row("POST", `/rooms/${roomId}/join`);
  }

  async leave(id: string): Promise<void> {
    const me = this.rest.me;
    if (this.store.get(id)?.kind === "room") await this.rest.call("POST", `/rooms/${id}/leave`);
    else await this.rest.call("DELETE", `/conversations/${id}/members/${me}`);
    this.feed.removed(id);
  }

  members(id: string): readonly Member[] | undefined {
    return this.membership.get(id);
  }

  loadMembers(id: string): Promise<readonly Member[]> {
    return this.membership.load(id);
  }

  async addMembers(
    id: string,
    userIds: string[],
    role: Exclude<MemberRole, "owner"> = "member",
  ): Promise<void> {
    await this.rest.call("POST", `/conversations/${id}/members`, { user_ids: userIds, role });
    await this.#membersChanged(id);
  }

  async setRole(id: string, userId: string, role: MemberRole): Promise<void> {
    await this.rest.call("PATCH", `/conversations/${id}/members/${userId}`, { role });
    await this.#membersChanged(id);
  }

  async removeMember(id: string, userId: string): Promise<void> {
    await this.rest.call("DELETE", `/conversations/${id}/members/${userId}`);
    await this.#membersChanged(id);
  }

  /** Which conversations there are is the syncs' to say. */
  #held(rows: Conversation[]): Conversation[] {
    return rows.filter((row) => this.store.get(row.id));
  }

  #create(form: object): Promise<Conversation> {
    return this.#row("POST", "/conversations", form);
  }

  async #row(method: string, path: string, body?: object): Promise<Conversation> {
    const row = await this.rest.call<Conversation>(method, path, body);
    this.feed.row(row);
    return this.store.get(row.id) ?? row;
  }

  /** The change itself has succeeded, whether or not the new list can be had now. */
  async #membersChanged(id: string): Promise<void> {
    this.membership.outdated(id);
    await this.membership.ensure(id).catch(() => {});
  }
}
