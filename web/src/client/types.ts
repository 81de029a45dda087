/**
 * The shapes that the server sends (snake_case, exactly as on the wire) and those the library shows to a page
 * (camelCase). Times are ISO 8601 strings in UTC; ids are UUIDv7 strings; `seq` and `change` count from 1.
 */

import type { ChatError } from "./errors";

// ---------------------------------------------------------------- from the server

export interface User {
  id: string;
  username: string;
  display_name: string;
  role: string;
  description: string | null;
  /** A path on the server; null: no picture. */
  avatar_url: string | null;
  /** 0–11, the colour of a person without a picture; null: follows from the id. */
  avatar_hue: number | null;
  last_seen_at: string | null;
  created_at: string;
}

/** What a role allows on the server as a whole; the table stands in `chat_app/auth/permissions.py`. */
export type Permission =
  | "people.find"
  | "groups.create"
  | "rooms.use"
  | "api_keys.create"
  | "people.ensure"
  | "people.manage"
  | "plans.manage"
  | "audit.read"
  | "stats.read";

/** The signed-in person: a user plus what only they may see. */
export interface Self extends User {
  email: string | null;
  /** Whether mail to this address has reached them. */
  email_verified: boolean;
  plan: string;
  permissions: Permission[];
  /** Whether they can sign in with a password. */
  has_password: boolean;
}

export interface Profile {
  display_name?: string;
  email?: string;
  description?: string | null;
  avatar_hue?: number | null;
}

/** What a server says of itself to everybody. */
export interface ServerInfo {
  name: string;
  version: string;
  registration: "open" | "closed";
  providers: Provider[];
  password_reset: boolean;
}

/** Somebody else who can say who one is, e.g. `{ name: "google", label: "Google" }`. */
export interface Provider {
  name: string;
  label: string;
}

/** One sign-in on one device. */
export interface DeviceSession {
  id: string;
  user_agent: string;
  address: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  /** The one that asks. */
  current: boolean;
}

export interface ApiKey {
  id: string;
  name: string;
  /** Its first characters. */
  prefix: string;
  scopes: string[];
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}

/** An account elsewhere that one can sign in with. */
export interface LinkedIdentity {
  id: string;
  provider: string;
  email: string | null;
  created_at: string;
  last_used_at: string | null;
}

/** Something that concerned the safety of one's own account. */
export interface SecurityEvent {
  id: string;
  at: string;
  /** E.g. "password.changed". */
  action: string;
  address: string;
  user_agent: string;
  detail: Record<string, unknown>;
}

export type ConversationKind = "private" | "group" | "room" | "support" | "assistant";
export type MemberRole = "owner" | "moderator" | "member" | "read_only";

export interface Conversation {
  id: string;
  kind: ConversationKind;
  title: string | null;
  topic?: string | null;
  /** Number of the newest message. */
  last_seq: number;
  /** Number of the newest change (creation, edit, deletion, reaction). */
  last_change: number;
  /** null only in the room directory, for a room one is not in. */
  my_role: MemberRole | null;
  /** One's own watermarks. */
  delivered_seq: number;
  read_seq: number;
  /** Always `last_seq - read_seq`; the library recomputes it after every event. */
  unread: number;
  member_count: number;
  /** Private chats only: the other person. */
  peer: User | null;
  last_message: Message | null;
  /** Personal: an archived conversation is hidden from one's own list, nobody else's. */
  archived_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface Reaction {
  emoji: string;
  count: number;
  user_ids: string[];
}

export interface Thumbnail {
  /** At most 320 or 1,280 pixels wide and high. */
  name: "small" | "large";
  url: string;
  size: number;
  width: number;
  height: number;
}

/** A file, uploaded. What `url` and `thumbnails` lead to takes the token: read it with `client.uploads.read`. */
export interface Attachment {
  id: string;
  /** The message that holds it. */
  message_id: string | null;
  name: string;
  url: string;
  media_type: string;
  size: number;
  /** Images are `processing` at first. */
  status: "processing" | "ready" | "failed";
  error: string | null;
  width: number | null;
  height: number | null;
  blurhash: string | null;
  thumbnails: Thumbnail[];
  created_at: string;
}

export interface Message {
  id: string;
  conversation_id: string;
  /** Place in the conversation: 1, 2, 3 … without a gap. */
  seq: number;
  /** The conversation's change counter when this message last changed: the higher one is the newer form. */
  change: number;
  sender_id: string | null;
  client_msg_id: string | null;
  type: string;
  content: string;
  reply_to_id: string | null;
  attachments: Attachment[];
  reactions: Reaction[];
  meta: Record<string, unknown>;
  created_at: string;
  edited_at: string | null;
  /** Set: the message was deleted; its content is "" and it keeps its place. */
  deleted_at: string | null;
}

export interface Member {
  user: User;
  role: MemberRole;
  delivered_seq: number;
  read_seq: number;
  joined_at: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  prev_cursor: string | null;
}

export interface AuthAnswer {
  access_token: string;
  refresh_token: string;
  token_type: "bearer";
  /** Lifetime of the access token in seconds. */
  expires_in: number;
  user: Self;
}

export interface Ready {
  user_id: string;
  session_id: string;
  epoch: string | number;
  server_time: string;
  expires_at: string | number;
}

export interface Marks {
  delivered_seq: number;
  read_seq: number;
}

/** Of a conversation without new messages: what may have changed without one. */
export interface Unchanged extends Marks {
  title: string | null;
  my_role: Conversation["my_role"];
  member_count: number;
  archived_at: string | null;
}

export interface SyncAnswer {
  epoch: string | number;
  conversations: Conversation[];
  messages: Message[];
  removed: string[];
  reset: string[];
  more: boolean;
  changes: Record<string, number>;
  unchanged: Record<string, Unchanged>;
}

export interface ReceiptEvent extends Marks {
  conversation_id: string;
  user_id: string;
}

export type PresenceStatus = "online" | "away" | "offline";

export interface Presence {
  user_id: string;
  status: PresenceStatus;
  last_seen: string | null;
}

// ---------------------------------------------------------------- shown to a page

/**
 * `signed_out` no session · `connecting` first attempt · `syncing` connected, catching up · `online` connected and
 * complete · `offline` cut off, reconnecting by itself.
 */
export type Status = "signed_out" | "connecting" | "syncing" | "online" | "offline";

/**
 * How far a message has come. One's own: `sending` (queued or on its way, survives a reload) → `sent` (stored by the
 * server) → `delivered` → `read` (by the peer; in a group by every other member), or `failed` (see `error`; `retry`
 * or `discard` it). Other people's are `received`.
 */
export type MessageState = "sending" | "failed" | "sent" | "delivered" | "read" | "received";

/** One line of a timeline. The same object is kept while nothing in it changes, so `===` tells whether to redraw. */
export interface TimelineItem {
  /** Stable from the first optimistic display to the stored message: use it as the list key. */
  key: string;
  /** While `sending` or `failed` a stand-in with `id: ""`, `seq: 0` and the local time as `created_at`. */
  message: Message;
  mine: boolean;
  state: MessageState;
  /** Why it failed. */
  error?: ChatError;
}

/** A contiguous piece of a conversation's history, then one's own unsent messages. Immutable: a new one per change. */
export interface TimelineView {
  conversationId: string;
  /** Ascending by `seq`; pending ones last, in the order typed (only when `atEnd`). */
  items: readonly TimelineItem[];
  /** Something has been loaded (an empty conversation counts). */
  loaded: boolean;
  /** No older message exists. */
  atStart: boolean;
  /** The newest message is in `items`; new ones appear by themselves. */
  atEnd: boolean;
  loading: null | "latest" | "older" | "newer" | "around";
  /** The last load failed; cleared by the next one. */
  error: ChatError | null;
}

export interface OutboxItem {
  clientMsgId: string;
  conversationId: string;
  content: string;
  type?: string;
  replyToId?: string;
  attachments?: Attachment[];
  /** Local time in ms when it was typed. */
  createdAt: number;
  state: "sending" | "failed";
  error?: { code: string; detail: string };
}

/** What the topics of `client.on` carry. `<id>` is a conversation's, for `presence:<id>` a user's. */
export interface Topics {
  /** The connection's status changed. */
  status: undefined;
  /** Signed in, or the own profile changed. */
  session: undefined;
  /** The session ended: by oneself (`logged_out`), by the server (`token_revoked`, `banned`, `token_expired`). */
  signed_out: { code: string };
  /** The list changed: order, rows or unread counts. */
  conversations: undefined;
  [conversation: `conversation:${string}`]: undefined;
  [timeline: `timeline:${string}`]: undefined;
  [receipts: `receipts:${string}`]: undefined;
  [members: `members:${string}`]: undefined;
  [typing: `typing:${string}`]: undefined;
  /** Somebody's presence changed. */
  presence: undefined;
  [presence: `presence:${string}`]: undefined;
  /** Profiles became known or changed. */
  users: undefined;
  /** The number of unsent messages changed, or one failed. */
  outbox: undefined;
  /** A message of somebody else arrived live (for sounds and desktop notices); never for history or duplicates. */
  incoming: Message;
}
