/**
 * The public surface, in one place. `createChatClient` (index.ts) returns a ChatClient; everything a page needs hangs
 * on it, by subject.
 *
 * Reading is synchronous: `conversations.list()`, `timelines.view(id)`, `presence.get(id)` … return what is known now
 * and return the *same object* until something in it changes. Subscribe with `client.on(topic, listener)`;
 * notifications are batched, at most one per topic and microtask. Acting returns a promise that rejects with a
 * ChatError.
 */

import type {
  ApiKey,
  Attachment,
  Conversation,
  ConversationKind,
  DeviceSession,
  LinkedIdentity,
  Marks,
  Member,
  MemberRole,
  Message,
  OutboxItem,
  Page,
  Presence,
  Profile,
  SecurityEvent,
  Self,
  ServerInfo,
  Status,
  TimelineView,
  Topics,
  User,
} from "./types";

export interface ChatClient {
  readonly status: Status;
  /** The signed-in person, or null. */
  readonly me: Self | null;

  readonly account: AccountApi;
  readonly conversations: ConversationsApi;
  readonly timelines: TimelinesApi;
  readonly messages: MessagesApi;
  readonly uploads: UploadsApi;
  readonly receipts: ReceiptsApi;
  readonly typing: TypingApi;
  readonly presence: PresenceApi;
  readonly users: UsersApi;

  /** Restores the stored session, if there is one, and connects. True when signed in. Needs no network. */
  start(): Promise<boolean>;
  register(form: { username: string; email: string; password: string; display_name?: string }): Promise<Self>;
  /** `username` may be the e-mail address. */
  login(form: { username: string; password: string }): Promise<Self>;
  /**
   * Signs in with what a provider's answer has left in this browser: the server keeps a secret that works once in an
   * HttpOnly cookie and leads the browser to `#/signed-in`. In a page of the server's own origin only.
   */
  completeSignIn(): Promise<Self>;
  /**
   * Ends the session here (or on all devices), disconnects and forgets all local state, unsent messages included.
   * Always succeeds locally; a server that cannot be reached keeps the session until it expires.
   */
  logout(options?: { everywhere?: boolean }): Promise<void>;
  updateMe(changes: Profile): Promise<Self>;
  /** Ends all other sessions. Without a password (`me.has_password` is false) set one by `account.forgotPassword`. */
  changePassword(currentPassword: string, newPassword: string): Promise<void>;
  /** What the server says of itself; signed in or not. */
  serverInfo(): Promise<ServerInfo>;

  /** Listens to a topic (see Topics); returns the function that stops it. A throwing listener harms no other. */
  on<T extends keyof Topics>(topic: T, listener: (payload: Topics[T]) => void): () => void;
  /** Tries to connect now, without waiting for the backoff; catches up when already connected. */
  reconnect(): void;
  /** Disconnects and releases timers and listeners; the stored session stays. */
  close(): void;

  /** Authenticated call below `/api/v1` for what the library has no method for. Refreshes the token as needed. */
  request<T>(method: string, path: string, body?: unknown): Promise<T>;
}

/** One's own account beyond the profile. Nothing here is kept: call again to know what is true now. */
export interface AccountApi {
  /** Reads the own profile anew; happens by itself after connecting and when the server says that it was changed. */
  refresh(): Promise<Self>;
  /** A PNG, JPEG, WebP or GIF of at most 5 MiB. `onProgress` hears how much is sent, from 0 to 1 (in browsers). */
  setAvatar(picture: Blob, onProgress?: (part: number) => void): Promise<Self>;
  removeAvatar(): Promise<Self>;

  /** Asks for a mail with a link; resolves the same way whether there is such an account or not. */
  forgotPassword(email: string): Promise<void>;
  /** With the token of that link. Ends all sessions of the account. */
  resetPassword(token: string, newPassword: string): Promise<void>;
  /** Mails a link to one's own address. */
  requestVerification(): Promise<void>;
  /** With the token of that link; signed in or not. */
  verifyEmail(token: string): Promise<void>;

  /** Where one is signed in, latest use first. */
  sessions(cursor?: string): Promise<Page<DeviceSession>>;
  endSession(id: string): Promise<void>;
  apiKeys(cursor?: string): Promise<Page<ApiKey>>;
  /** `key` is the key itself: only this answer ever has it. */
  createApiKey(wish: {
    name: string;
    scopes: string[];
    expires_at?: string | null;
  }): Promise<ApiKey & { key: string }>;
  revokeApiKey(id: string): Promise<void>;
  identities(cursor?: string): Promise<Page<LinkedIdentity>>;
  /** Returns the provider's address, where the browser has to go next; it comes back to `#/settings/linked`. */
  linkIdentity(provider: string): Promise<string>;
  /** `conflict` when it is the only way to sign in. */
  unlinkIdentity(id: string): Promise<void>;
  /** Newest first. */
  activity(cursor?: string): Promise<Page<SecurityEvent>>;
}

export interface ConversationsApi {
  /** False until the list is complete for the first time (for a placeholder). */
  readonly ready: boolean;
  /** Newest activity first. Archived ones only with `archived: true`. `q` filters titles and peers' names locally. */
  list(filter?: {
    archived?: boolean;
    kind?: ConversationKind;
    q?: string;
    unread?: boolean;
  }): readonly Conversation[];
  get(id: string): Conversation | undefined;
  /** Sum of unread messages over the conversations that are not archived. */
  readonly totalUnread: number;
  /** The private chat with somebody; returns the existing one when there is one. */
  createPrivate(userId: string): Promise<Conversation>;
  createGroup(title: string, memberIds?: string[]): Promise<Conversation>;
  createRoom(title: string, memberIds?: string[]): Promise<Conversation>;
  rename(id: string, title: string): Promise<Conversation>;
  setArchived(id: string, archived: boolean): Promise<Conversation>;
  /** Owners only; for everybody. */
  remove(id: string): Promise<void>;
  /** The directory of public rooms (not kept up to date: call it again). */
  rooms(query?: { q?: string; limit?: number; cursor?: string }): Promise<Page<Conversation>>;
  join(roomId: string): Promise<Conversation>;
  leave(id: string): Promise<void>;
  /**
   * The members as last loaded, or undefined; topic `members:<id>`. Their watermarks are those of that moment:
   * `receipts.peers` has the live ones.
   */
  members(id: string): readonly Member[] | undefined;
  /** Loads the members anew (at most 1,000; member_count has the true number). */
  loadMembers(id: string): Promise<readonly Member[]>;
  addMembers(id: string, userIds: string[], role?: Exclude<MemberRole, "owner">): Promise<void>;
  setRole(id: string, userId: string, role: MemberRole): Promise<void>;
  removeMember(id: string, userId: string): Promise<void>;
}

export interface TimelinesApi {
  /** What is held now; an empty, not loaded view when nothing is. Topic `timeline:<id>`. */
  view(conversationId: string): TimelineView;
  /**
   * Says that the conversation is on screen: loads the newest page and the members if needed, keeps both up to date and
   * safe from eviction. Returns the function that says it no longer is. Call it when a conversation is shown.
   */
  open(conversationId: string): () => void;
  /** Replaces the window by the newest page ("jump to latest"). Does nothing when already at the end. */
  loadLatest(conversationId: string): Promise<void>;
  /** Extends the window by a page. Concurrent calls share one request. At the bound the other end is dropped. */
  loadOlder(conversationId: string): Promise<void>;
  loadNewer(conversationId: string): Promise<void>;
  /** Replaces the window by the messages around one (from search, a reply, a link). */
  loadAround(conversationId: string, seq: number): Promise<void>;
}

export interface SendOptions {
  type?: string;
  replyToId?: string;
  /** Uploads of one's own, as `uploads.send` answered them. */
  attachments?: Attachment[];
}

export interface UploadsApi {
  /**
   * Sends a file, to be attached to a message. `onProgress` hears how much is sent, from 0 to 1 (in browsers). An upload that
   * no message came to hold is removed after a day.
   */
  send(file: Blob, name: string, options?: UploadOptions): Promise<Attachment>;
  /** Takes back an upload that no message holds. */
  discard(id: string): Promise<void>;
  /** The content of an attachment's `url`, or of a thumbnail's. */
  read(url: string): Promise<Blob>;
}

export interface UploadOptions {
  onProgress?: (part: number) => void;
  /** Ends the transfer; the promise rejects with `network`. */
  signal?: AbortSignal;
}

export interface MessagesApi {
  /**
   * Queues a message and shows it at once as `sending`; returns its client_msg_id. Works offline. Throws ChatError
   * `outbox_full` beyond the bound (1,000 by default), `validation_failed` for an empty text without attachments.
   */
  send(conversationId: string, content: string, options?: SendOptions): string;
  /** Sends a failed message again, under the same client_msg_id, so it can never appear twice. */
  retry(clientMsgId: string): void;
  /** Drops a failed or queued message. One already on its way may still arrive. */
  discard(clientMsgId: string): void;
  /** Unsent messages, oldest first; topic `outbox`. */
  pending(conversationId?: string): readonly OutboxItem[];
  edit(messageId: string, content: string): Promise<Message>;
  delete(messageId: string): Promise<Message>;
  react(messageId: string, emoji: string, on: boolean): Promise<Message>;
  get(messageId: string): Promise<Message>;
  /** Who has read it ("seen by"), its sender left out; at most 100. The server stores receipts every second or so. */
  readers(messageId: string): Promise<Page<User>>;
  search(query: {
    q: string;
    conversation_id?: string;
    sender_id?: string;
    from?: string;
    to?: string;
    limit?: number;
    cursor?: string;
  }): Promise<Page<Message>>;
}

export interface ReceiptsApi {
  /** Call when the message is visible. Only forward; coalesced; unread counts change at once. */
  markRead(conversationId: string, seq: number): void;
  /** Everybody's known watermarks, own ones included; topic `receipts:<id>`. */
  peers(conversationId: string): ReadonlyMap<string, Readonly<Marks>>;
}

export interface TypingApi {
  /**
   * Call with `true` at each keystroke, `false` when the field is emptied or left. Sent at most every 3 s and turned
   * off by itself 5 s after the last call; sending a message turns it off too.
   */
  set(conversationId: string, on: boolean): void;
  /** Ids of the others who type now; forgotten after 7 s without renewal. Topic `typing:<id>`. */
  users(conversationId: string): readonly string[];
}

export interface PresenceApi {
  /** Follows these people's presence (repeated by itself after a reconnect). Returns the function that stops it. */
  watch(userIds: readonly string[]): () => void;
  /** undefined: not known (not watched, or nobody one shares a conversation with). Topic `presence:<userId>`. */
  get(userId: string): Presence | undefined;
  /** One's own status on this device; kept over reconnects. */
  setStatus(status: "online" | "away"): void;
}

export interface UsersApi {
  /** A profile that is known already; topic `users`. Senders of loaded messages and members are loaded by themselves. */
  get(id: string): User | undefined;
  /** Fetches the profiles that are not known yet. Unknown ids are skipped. */
  load(ids: readonly string[]): Promise<void>;
  search(q: string, limit?: number): Promise<User[]>;
}
