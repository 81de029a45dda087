/** Puts the parts together. */

import { Account } from "./account";
import type { ChatClient } from "./api";
import { Connection } from "./connection";
import { Conversations } from "./conversations";
import { Emitter } from "./emitter";
import { Feed } from "./feed";
import { type Http, makeHttp } from "./http";
import { Markers } from "./markers";
import { OwnMarks } from "./marks";
import { Members } from "./members";
import { Messages } from "./messages";
import { type ClientOptions, type Settings, settings } from "./options";
import { Outbox } from "./outbox";
import { Peers } from "./peers";
import { PresenceBook } from "./presence";
import { Rest } from "./rest";
import { Session } from "./session";
import { defaultStorage } from "./storage";
import { Store } from "./store";
import { Sync } from "./sync";
import { Timelines } from "./timelines";
import { TokenStore } from "./tokens";
import type {
  Conversation,
  Message,
  Presence,
  Profile,
  ReceiptEvent,
  Self,
  ServerInfo,
  Status,
  SyncAnswer,
  Topics,
} from "./types";
import { Typing } from "./typing";
import { Uploads } from "./uploads";
import { Users } from "./users";
import { openVault } from "./vault";

/** After an interruption everybody comes back at once, and the sync is what matters: the own profile can wait. */
const READ_WITHIN_MS = 5_000;

/** Makes a client. Nothing happens until `start`, `login` or `register`. */
export function createChatClient(options: ClientOptions = {}): ChatClient {
  return new Client(options);
}

class Client implements ChatClient {
  readonly #emitter = new Emitter();
  readonly #settings: Settings;
  readonly #session: Session;
  readonly #connection: Connection;
  readonly #rest: Rest;
  /** From the server's root. */
  readonly #root: Http;
  readonly #store = new Store(this.#emitter);
  readonly #peers: Peers;
  readonly #members: Members;
  readonly #markers: Markers;
  readonly #marks: OwnMarks;
  readonly #outbox: Outbox;
  readonly #feed: Feed;
  readonly #sync: Sync;
  #safety: ReturnType<typeof setInterval> | undefined;
  #reading: ReturnType<typeof setTimeout> | undefined;
  #status: Status = "signed_out";
  #everConnected = false;

  readonly account: Account;
  readonly conversations: Conversations;
  readonly timelines: Timelines;
  readonly messages: Messages;
  readonly uploads: Uploads;
  readonly receipts: ChatClient["receipts"];
  readonly typing: Typing;
  readonly presence: PresenceBook;
  readonly users: Users;

  constructor(options: ClientOptions) {
    const set = settings(options);
    const storage = options.storage ?? defaultStorage();
    const me = () => this.#session.user?.id;
    const connected = () => this.#connection.connected;
    const get = <T>(path: string) => this.#rest.get<T>(path);
    const fetcher = options.fetch ?? ((input, init) => fetch(input, init));
    const http = makeHttp(`${set.url}/api/v1`, set.httpTimeoutMs, fetcher);

    this.#settings = set;
    this.#root = makeHttp(set.url, set.httpTimeoutMs, fetcher);
    this.#session = new Session(http, new TokenStore(storage), openVault(storage, !options.storage), {
      started: () => this.#begin(),
      renewed: (token) => this.#connection.prolong(token),
      profile: () => this.#profile(),
      ended: (code) => this.#end(code),
    });
    this.#rest = new Rest(http, this.#session);
    this.account = new Account(http, this.#rest, (user) => this.#session.updateUser(user));
    this.uploads = new Uploads(this.#rest);
    this.#connection = new Connection(set, this.#session, {
      ready: () => this.#ready(),
      changed: () => this.#updateStatus(),
      resumed: () => this.#sync.request(),
    });
    const ask = <T>(event: string, payload: object) => this.#connection.chat.ask<T>(event, payload);

    this.users = new Users(this.#emitter, get);
    this.#peers = new Peers(
      this.#emitter,
      (id) => this.#store.get(id),
      me,
      (id) => this.timelines.changed(id),
    );
    this.#members = new Members(this.#emitter, this.#peers, this.users, get);
    this.#markers = new Markers(set.holeDelayMs, () => this.#sync.request());
    this.#marks = new OwnMarks(this.#store, this.#markers, ask, set.receiptDelayMs, connected);
    this.#outbox = new Outbox(storage, set.outboxLimit, {
      transport: async (payload) => (await ask<{ message: Message }>("send_message", payload)).message,
      connected,
      stored: (message) => this.#feed.message(message),
      changed: (id) => {
        this.timelines.changed(id);
        this.#emitter.touch("outbox");
      },
    });
    this.timelines = new Timelines(this.#emitter, set, {
      get,
      me,
      levels: (id) => this.#peers.levels(id),
      pending: (id) => this.#outbox.list(id),
      loaded: (_, messages) => this.#feed.history(messages),
      opened: (id) => this.#feed.keepMembers(id),
    });
    this.typing = new Typing(this.#emitter, (payload) => this.#connection.chat.hint("typing", payload));
    this.presence = new PresenceBook(this.#emitter, {
      ask: (event, payload) => this.#connection.presence.ask(event, payload),
      connected: () => this.#connection.presence.socket.connected,
    });
    this.#feed = new Feed(
      {
        emitter: this.#emitter,
        store: this.#store,
        markers: this.#markers,
        marks: this.#marks,
        members: this.#members,
        outbox: this.#outbox,
        peers: this.#peers,
        timelines: this.timelines,
        typing: this.typing,
        users: this.users,
      },
      me,
      () => this.#sync.request(),
    );
    this.#sync = new Sync(this.#feed, this.#markers, {
      ask: (payload) => ask<SyncAnswer>("sync", payload),
      connected,
      complete: () => this.#complete(),
      dead: () => this.#connection.restart(),
    });
    this.conversations = new Conversations(this.#store, this.#members, this.#feed, this.#rest);
    this.messages = new Messages(this.#outbox, this.#feed, this.#rest, this.users, ask, (id) =>
      this.typing.set(id, false),
    );
    this.receipts = {
      markRead: (id, seq) => this.#marks.read(id, seq),
      peers: (id) => this.#peers.snapshot(id),
    };
    this.#listen();
  }

  get status(): Status {
    return this.#status;
  }

  get me(): Self | null {
    return this.#session.user;
  }

  async start(): Promise<boolean> {
    return this.#session.user !== null || this.#session.restore();
  }

  register(form: {
    username: string;
    email: string;
    password: string;
    display_name?: string;
  }): Promise<Self> {
    return this.#session.signIn("/auth/register", form);
  }

  login(form: { username: string; password: string }): Promise<Self> {
    return this.#session.signIn("/auth/login", form);
  }

  logout({ everywhere = false } = {}): Promise<void> {
    return this.#session.signOut(everywhere);
  }

  completeSignIn(): Promise<Self> {
    return this.#session.signIn("/auth/oauth2/complete", {});
  }

  async updateMe(changes: Profile): Promise<Self> {
    const user = await this.#rest.call<Self>("PATCH", "/auth/me", changes);
    this.#session.updateUser(user);
    return user;
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    const body = { current_password: currentPassword, new_password: newPassword };
    await this.#rest.call("POST", "/auth/password", body);
  }

  async serverInfo(): Promise<ServerInfo> {
    return (await this.#root("GET", "/info")) as ServerInfo;
  }

  on<T extends keyof Topics>(topic: T, listener: (payload: Topics[T]) => void): () => void {
    return this.#emitter.on(topic, listener);
  }

  reconnect(): void {
    if (this.#connection.connected) this.#sync.request();
    else this.#connection.force();
  }

  close(): void {
    this.#stop(false);
    this.#session.close();
    this.#updateStatus();
  }

  request<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#rest.call(method, path, body);
  }

  #listen(): void {
    const { chat, presence } = this.#connection;
    chat.socket.on("message", (message: Message) => this.#feed.message(message, true));
    chat.socket.on("message_changed", (message: Message) => this.#feed.message(message));
    chat.socket.on("conversation_changed", (row: Conversation) => this.#feed.conversation(row));
    chat.socket.on("conversation_removed", (event: { conversation_id: string }) =>
      this.#feed.removed(event.conversation_id),
    );
    chat.socket.on("user_changed", () => this.#readMe());
    chat.socket.on("receipt", (event: ReceiptEvent) => this.#feed.receipt(event));
    chat.socket.on("typing", (event: { conversation_id: string; user_id: string; on: boolean }) =>
      this.#feed.typing(event),
    );
    presence.socket.on("connect", () => this.presence.reconnected());
    presence.socket.on("presence", (event: Presence) => this.presence.heard(event));
  }

  #begin(): void {
    const user = this.#session.user;
    if (!user) return;
    this.users.learn([user]);
    this.#outbox.begin(user.id);
    this.#connection.start();
    const { safetySyncMs } = this.#settings;
    if (safetySyncMs > 0) this.#safety = setInterval(() => this.#sync.request(), safetySyncMs);
    this.#emitter.touch("session");
    this.#updateStatus();
    void this.conversations.preload().catch(() => {});
  }

  /** Another name or role may have come before the socket was there to hear of it; a stored profile is older still. */
  #readMe(withinMs = 0): void {
    clearTimeout(this.#reading);
    const read = () => void this.account.refresh().catch(() => {});
    this.#reading = setTimeout(read, Math.random() * withinMs);
  }

  /** Changed here, or in another tab. */
  #profile(): void {
    this.users.learn([this.#session.user]);
    this.#emitter.touch("session");
  }

  #ready(): void {
    this.#readMe(this.#everConnected ? READ_WITHIN_MS : 0);
    this.#everConnected = true;
    this.#members.allOutdated();
    this.#outbox.resume();
    this.#sync.request();
    this.#updateStatus("syncing");
  }

  #complete(): void {
    this.conversations.ready = true;
    this.#emitter.touch("conversations");
    this.#updateStatus("online");
    this.timelines.reload();
    for (const id of this.timelines.openIds()) this.#feed.keepMembers(id);
  }

  #end(code: string): void {
    // Signing out on purpose takes unsent messages along; being thrown out keeps them for the next time.
    this.#stop(code === "logged_out");
    this.#emitter.tell("signed_out", { code });
    this.#emitter.touch("session");
    this.#updateStatus();
  }

  #stop(wipe: boolean): void {
    clearInterval(this.#safety);
    clearTimeout(this.#reading);
    this.#connection.stop();
    this.#sync.clear();
    this.#outbox.end(wipe);
    this.#markers.clear();
    this.#marks.clear();
    this.#store.clear();
    this.#members.clear();
    this.#peers.clear();
    this.timelines.clear();
    this.typing.clear();
    this.presence.clear();
    this.users.clear();
    this.conversations.clear();
    this.#everConnected = false;
  }

  #updateStatus(reached?: "syncing" | "online"): void {
    const before = this.#status;
    if (!this.#session.user) this.#status = "signed_out";
    else if (!this.#connection.connected) this.#status = this.#everConnected ? "offline" : "connecting";
    else if (reached) this.#status = reached;
    else if (before !== "online") this.#status = "syncing";
    if (this.#status !== before) this.#emitter.touch("status");
  }
}
