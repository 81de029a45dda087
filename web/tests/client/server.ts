/** A small server that speaks the protocol over real sockets, with switches for everything that can go wrong. */

import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type Namespace, Server, type Socket } from "socket.io";
import type { Message, User } from "../../src/client/types";
import { Model } from "./model";

type Reply = { status: number; body?: unknown; after?: Promise<void> };
type Ack = (answer: unknown) => void;

interface Login {
  userId: string;
  access: string;
  refresh: string;
  spent: Set<string>;
  /** The last refresh: its token and its Idempotency-Key. */
  last?: string;
  expiresAt: number;
}

export class TestServer {
  readonly model = new Model();
  readonly logins = new Map<string, Login>();
  /** Calls so far, e.g. "POST /auth/token/refresh" or "send_message". */
  readonly calls: string[] = [];
  lifetimeS = 3600;
  /** What to do instead of answering a call: an error, silence, or a cut after it took effect. */
  readonly faults = new Map<string, (() => Reply | "silence" | "cut" | undefined)[]>();
  /** Who has just come back from a provider; the secret for it works once. */
  returning: string | null = null;
  /** False: pushes are lost. */
  pushing = true;
  refuseConnections: { code: string } | null = null;
  #http: HttpServer;
  #io: Server;
  #counter = 0;
  #port = 0;

  constructor() {
    [this.#http, this.#io] = this.#build();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get chat(): Namespace {
    return this.#io.of("/chat");
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(this.#port, "127.0.0.1", () => resolve()));
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#io.close(() => resolve()));
    this.#http.closeAllConnections();
    await closed;
  }

  /** The same port, the same model, as after a restart of the process. */
  async restart(): Promise<void> {
    [this.#http, this.#io] = this.#build();
    await this.listen();
  }

  count(call: string): number {
    return this.calls.filter((made) => made === call).length;
  }

  fault(call: string, ...replies: (Reply | "silence" | "cut")[]): void {
    this.faults.set(call, [...(this.faults.get(call) ?? []), ...replies.map((reply) => () => reply)]);
  }

  expireAccessTokens(): void {
    for (const login of this.logins.values()) login.expiresAt = 0;
  }

  endSession(userId: string, code: string): void {
    for (const [key, login] of this.logins) if (login.userId === userId) this.logins.delete(key);
    this.kick(userId, code);
  }

  /** Says why, then closes, as the server does. */
  kick(userId: string, code: string): void {
    for (const socket of this.chat.sockets.values()) {
      if (socket.data.userId !== userId) continue;
      socket.emit("session_ended", { code });
      socket.disconnect();
    }
  }

  /** Cuts the transports without a word. */
  cut(): void {
    for (const socket of this.chat.sockets.values()) socket.conn.close();
  }

  push(event: string, conversationId: string, payload: unknown): void {
    if (this.pushing) this.chat.to(conversationId).emit(event, payload);
  }

  send(conversationId: string, senderId: string, content: string): Message {
    const message = this.model.send(conversationId, senderId, content);
    this.push("message", conversationId, message);
    return message;
  }

  /** Somebody's account is another, as by an administrator. */
  change(userId: string, fields: Partial<User>): void {
    Object.assign(this.model.users.get(userId) ?? {}, fields);
    for (const socket of this.chat.sockets.values())
      if (this.pushing && socket.data.userId === userId) socket.emit("user_changed", { id: userId });
  }

  create(members: string[], kind: "group" | "private" | "room" = "group"): string {
    const id = this.model.create(members, kind);
    for (const socket of this.chat.sockets.values()) {
      if (!members.includes(socket.data.userId)) continue;
      socket.join(id);
      socket.emit("conversation_changed", this.model.row(id, socket.data.userId));
    }
    return id;
  }

  #build(): [HttpServer, Server] {
    const http = createServer((request, response) => {
      void this.#answer(request).then((reply) => {
        if (reply === "silence") return;
        if (reply === "cut") return response.destroy();
        response.writeHead(reply.status, { "Content-Type": "application/json" });
        response.end(reply.body === undefined ? "" : JSON.stringify(reply.body));
      });
    });
    const io = new Server(http, { transports: ["websocket", "polling"], pingInterval: 5_000 });
    for (const name of ["/chat", "/presence"]) {
      io.of(name).use((socket, next) => {
        const login = this.#byAccess(socket.handshake.auth.token);
        const expired = login ? login.expiresAt < Date.now() : this.#isSpent(socket.handshake.auth.token);
        const code =
          this.refuseConnections?.code ?? (expired ? "token_expired" : login ? null : "unauthorized");
        if (!code) {
          socket.data.userId = login?.userId;
          return next();
        }
        next(Object.assign(new Error(code), { data: { code, detail: code } }));
      });
    }
    io.of("/chat").on("connection", (socket) => this.#chat(socket));
    io.of("/presence").on("connection", (socket) => this.#presence(socket));
    return [http, io];
  }

  #byAccess(token: unknown): Login | undefined {
    return [...this.logins.values()].find((login) => login.access === token);
  }

  /** An earlier token of a session that lives: here it counts as expired. */
  #isSpent(token: unknown): boolean {
    return [...this.logins.values()].some((login) => login.spent.has(String(token)));
  }

  #issue(login: Login): Reply {
    if (login.refresh) login.spent.add(login.refresh).add(login.access);
    this.#counter += 1;
    login.access = `access-${this.#counter}`;
    login.refresh = `refresh-${this.#counter}`;
    login.expiresAt = Date.now() + this.lifetimeS * 1000;
    const { access, refresh } = login;
    const user = this.#self(login.userId);
    return {
      status: 200,
      body: {
        access_token: access,
        refresh_token: refresh,
        token_type: "bearer",
        expires_in: this.lifetimeS,
        user,
      },
    };
  }

  async #answer(request: IncomingMessage): Promise<Reply | "silence" | "cut"> {
    const url = new URL(request.url ?? "/", "http://x");
    const path = url.pathname.replace("/api/v1", "");
    const call = `${request.method} ${path}`;
    this.calls.push(call);
    let text = "";
    for await (const chunk of request) text += chunk;
    const fault = this.faults.get(call)?.shift()?.();
    if (typeof fault === "object") await fault.after;
    if (fault && fault !== "cut") return fault;
    const { authorization, "idempotency-key": key } = request.headers;
    const reply = this.#route(call, path, url, text ? JSON.parse(text) : {}, authorization, String(key));
    return fault ?? reply;
  }

  #route(call: string, path: string, url: URL, body: Record<string, string>, bearer = "", key = ""): Reply {
    if (call === "POST /auth/login") return this.#login(body.username ?? "");
    if (call === "POST /auth/oauth2/complete") {
      const username = this.returning;
      this.returning = null;
      return username ? this.#login(username) : problem(401, "unauthorized");
    }
    if (call === "POST /auth/token/refresh") return this.#refresh(body.refresh_token ?? "", key);
    const login = this.#byAccess(bearer.replace("Bearer ", ""));
    if (!login && this.#isSpent(bearer.replace("Bearer ", ""))) return problem(401, "token_expired");
    if (!login) return problem(401, "token_revoked");
    if (login.expiresAt < Date.now()) return problem(401, "token_expired");
    if (call === "POST /auth/logout") {
      for (const [key, held] of this.logins) if (held === login) this.logins.delete(key);
      return { status: 204 };
    }
    if (call === "GET /auth/me") return { status: 200, body: this.#self(login.userId) };
    return this.#read(path, url, login.userId);
  }

  #self(id: string): object {
    return { ...this.model.users.get(id), email: "e@example.org" };
  }

  #login(username: string): Reply {
    if (!this.model.users.has(username)) this.model.user(username);
    const login = { userId: username, access: "", refresh: "", spent: new Set<string>(), expiresAt: 0 };
    this.#counter += 1;
    this.logins.set(`login-${this.#counter}`, login);
    return this.#issue(login);
  }

  /** The last refresh may be repeated with the same key, any other second use ends the session. */
  #refresh(token: string, key: string): Reply {
    for (const [name, login] of this.logins) {
      if (login.refresh === token || login.last === `${token} ${key}`) {
        login.last = `${token} ${key}`;
        return this.#issue(login);
      }
      if (!login.spent.has(token)) continue;
      this.logins.delete(name);
      return problem(401, "token_revoked");
    }
    return problem(401, "token_revoked");
  }

  #read(path: string, url: URL, me: string): Reply {
    const [, noun, id = "", part] = path.split("/");
    const list = (items: unknown[]) => ({
      status: 200,
      body: { items, next_cursor: null, prev_cursor: null },
    });
    if (noun === "users" && !id) {
      return list(url.searchParams.getAll("ids").flatMap((known) => this.model.users.get(known) ?? []));
    }
    if (noun === "users") {
      const user = this.model.users.get(id);
      return user ? { status: 200, body: user } : problem(404, "not_found");
    }
    if (noun !== "conversations") return problem(404, "not_found");
    if (!id) {
      const mine = [...this.model.conversations].filter(([, held]) => held.members.has(me));
      return list(mine.map(([key]) => this.model.row(key, me)));
    }
    const held = this.model.conversations.get(id);
    if (!held?.members.has(me)) return problem(404, "not_found");
    if (part === "members") {
      const members = [...held.members];
      return list(
        members.map(([user, marks]) => ({ user: this.model.users.get(user), role: "member", ...marks })),
      );
    }
    const numbers = Object.fromEntries([...url.searchParams].map(([key, value]) => [key, Number(value)]));
    return { status: 200, body: this.model.history(id, numbers) };
  }

  #chat(socket: Socket): void {
    const me = socket.data.userId as string;
    for (const [id, held] of this.model.conversations) if (held.members.has(me)) socket.join(id);
    socket.emit("ready", {
      user_id: me,
      session_id: "s",
      epoch: this.model.epoch,
      server_time: "",
      expires_at: "",
    });
    const on = (event: string, handle: (payload: never) => object) => {
      socket.on(event, (payload: unknown, ack?: Ack) => {
        this.calls.push(event);
        const fault = this.faults.get(event)?.shift()?.();
        if (fault === "silence") return;
        if (typeof fault === "object") return ack?.({ ok: false, error: fault.body });
        const answer = handle(payload as never);
        if (fault === "cut") return void socket.conn.close();
        ack?.(answer);
      });
    };
    on("authenticate", () => ({ ok: true, expires_in: this.lifetimeS }));
    on("sync", (request) => ({ ok: true, ...this.model.sync(me, request) }));
    on("typing", () => ({ ok: true }));
    on("send_message", (m: { conversation_id: string; content: string; client_msg_id: string }) => {
      if (!this.model.conversations.get(m.conversation_id)?.members.has(me)) return refusal("not_found");
      const message = this.model.send(m.conversation_id, me, m.content, m.client_msg_id);
      this.push("message", m.conversation_id, message);
      return { ok: true, message };
    });
    on("edit_message", (m: { message_id: string; content: string }) => {
      for (const [id, held] of this.model.conversations) {
        const message = held.messages.find((one) => one.id === m.message_id);
        if (!message) continue;
        const edited = this.model.edit(id, message.seq, m.content);
        this.push("message_changed", id, edited);
        return { ok: true, message: edited };
      }
      return refusal("not_found");
    });
    for (const [event, field] of [
      ["mark_read", "read_seq"],
      ["mark_delivered", "delivered_seq"],
    ] as const) {
      on(event, (mark: { conversation_id: string; seq: number }) => {
        this.model.mark(mark.conversation_id, me, { [field]: mark.seq });
        const marks = this.model.get(mark.conversation_id).members.get(me);
        this.push("receipt", mark.conversation_id, {
          conversation_id: mark.conversation_id,
          user_id: me,
          ...marks,
        });
        return { ok: true };
      });
    }
  }

  #presence(socket: Socket): void {
    socket.on("watch", ({ user_ids }: { user_ids: string[] }, ack: Ack) => {
      this.calls.push(`watch ${user_ids.length}`);
      ack({
        ok: true,
        presence: user_ids.map((user_id) => ({ user_id, status: "online", last_seen: null })),
      });
    });
    socket.on("authenticate", (_: unknown, ack: Ack) => ack({ ok: true }));
    socket.on("set_status", ({ status }: { status: string }, ack: Ack) => {
      this.calls.push(`set_status ${status}`);
      ack({ ok: true });
    });
  }
}

function problem(status: number, code: string): Reply {
  return { status, body: { code, detail: code } };
}

function refusal(code: string): object {
  return { ok: false, error: { code, detail: code } };
}
