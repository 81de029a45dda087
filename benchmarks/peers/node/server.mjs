// Socket.IO's reference implementation as its documentation sets it up: node server.mjs PORT [REDIS_URL]
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [port, redisUrl] = process.argv.slice(2);
const http = createServer();
const io = new Server(http);

if (redisUrl) {
  const publisher = createClient({ url: redisUrl });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}

io.on("connection", (socket) => {
  socket.join(socket.handshake.auth.room);
  socket.on("say", (room, message) => io.to(room).emit("say", message));
  socket.on("echo", (message, acknowledge) => acknowledge(message));
});

http.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
