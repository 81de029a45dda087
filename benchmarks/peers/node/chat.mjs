// The chat protocol on Socket.IO's reference implementation, with PostgreSQL and the Redis adapter:
//   node chat.mjs transactions|batches     PORT, DATABASE_URL, REDIS_URL and SECRET_KEY stand in the environment
//
// What it stands for: the server that a good author writes with these libraries. It authenticates, validates, checks
// membership, stores before it acknowledges, answers a repeated key with the first message, numbers without gaps and tells
// receipts; it leaves out what our product has besides (limits, revoked sessions, metrics, logs), which is to its advantage.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import jwt from "jsonwebtoken";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";
import { Refused, event } from "./events.mjs";
import { catchUp, currentEpoch } from "./sync.mjs";
import { isAlive } from "./messages.mjs";

const { PORT, DATABASE_URL, REDIS_URL, SECRET_KEY } = process.env;
const TOLD_RECEIPTS = 100; // members up to which everybody is told of everybody's receipts

// node-postgres makes a text of a bigint, because it may be larger than a number can be; a counter is not.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16 });
const { open } = await import(`./${process.argv[2]}.mjs`);
const store = open(pool);

const publisher = createClient({ url: REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, { adapter: createAdapter(publisher, subscriber), maxHttpBufferSize: 4 * 1024 * 1024 });
const chat = io.of("/chat");

chat.use((socket, next) => {
  try {
    const claims = jwt.verify(socket.handshake.auth.token, SECRET_KEY, { algorithms: ["HS256"] });
    if (claims.type !== "access") throw new Error("not an access token");
    socket.data.user = claims.sub;
    socket.data.session = claims.sid;
    next();
  } catch {
    next(Object.assign(new Error("The token is not valid."), { data: { code: "unauthorized" } }));
  }
});

chat.use(async (socket, next) => {
  try {
    if (!(await isAlive(pool, socket.data.user, socket.data.session))) {
      throw Object.assign(new Error("This session has ended."), { data: { code: "token_revoked" } });
    }
    const rooms = await store.conversations(socket.data.user);
    socket.data.epoch = await currentEpoch(pool);
    socket.join([`u:${socket.data.user}`, ...rooms.map((id) => `c:${id}`)]);
    next();
  } catch (error) {
    next(error);
  }
});

chat.on("connection", (socket) => {
  const user = socket.data.user;

  socket.on("send_message", event("send_message", async (data) => {
    const { message, isNew } = await store.send(user, data);
    if (!isNew && message.content !== data.content) throw new Refused("conflict", "This client_msg_id was used before.");
    chat.to(`c:${message.conversation_id}`).emit("message", message);
    return { message };
  }));

  const mark = (read) => async (data) => {
    const receipt = await store.mark(user, data.conversation_id, data.seq, read);
    if (!receipt) return {};
    const { member_count, ...told } = receipt;
    const room = member_count <= TOLD_RECEIPTS ? `c:${told.conversation_id}` : `u:${user}`;
    chat.to(room).emit("receipt", told);
    return {};
  };
  socket.on("mark_delivered", event("mark", mark(false)));
  socket.on("mark_read", event("mark", mark(true)));
  socket.on("sync", event("sync", (data) => catchUp(pool, user, data)));

  socket.emit("ready", {
    user_id: user,
    session_id: socket.data.session,
    epoch: socket.data.epoch,
    server_time: new Date().toISOString(),
  });
});

http.listen({ port: Number(PORT), host: "127.0.0.1", backlog: 4096 });
