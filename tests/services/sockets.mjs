// Holds the sockets of the tests, with the official client, and does what Python says.
//
// In:  one JSON object a line: {id, op, socket, …}. Out: {reply: id, value} for a command,
// {socket, event, args} for what a socket received, {socket, lost: id} for a call that was not answered.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { io } = require("socket.io-client");

const EVENT = 2; // the packet type of the Socket.IO protocol
const RESERVED = new Set(["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]);
const sockets = new Map();

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Python sends bytes as {$bytes: base64}. */
function revive(_key, value) {
  const packed = value !== null && typeof value === "object" && typeof value.$bytes === "string";
  return packed ? Buffer.from(value.$bytes, "base64") : value;
}

const operations = {
  connect({ socket: number, url, namespace, options }) {
    const socket = io(url + namespace, { forceNew: true, reconnection: false, transports: ["websocket"], ...options });
    sockets.set(number, socket);
    const tell = (event, ...args) => say({ socket: number, event, args });
    socket.on("connect", () => tell("connect", socket.id));
    socket.on("connect_error", (error) => tell("connect_error", { message: error.message, data: error.data ?? null }));
    socket.on("disconnect", (reason) => tell("disconnect", reason));
    socket.onAny(tell);
  },

  call({ id, socket: number, event, args, timeout }) {
    const answer = (value) => say({ reply: id, value: value ?? null });
    emit(sockets.get(number), event, args, answer, () => say({ lost: id }), timeout);
  },

  // The arguments, the name of the event included, as JSON text that JavaScript could not make: NaN, huge numbers.
  call_text({ id, socket: number, text, timeout }) {
    const socket = sockets.get(number);
    const ack = awaitAck(socket, (value) => say({ reply: id, value: value ?? null }), () => say({ lost: id }), timeout);
    socket.io.engine.write(`${EVENT}${socket.nsp},${ack}${text}`);
  },

  emit({ socket: number, event, args }) {
    emit(sockets.get(number), event, args);
  },

  raw({ socket: number, packet }) {
    sockets.get(number).io.engine.write(packet);
  },

  auth({ socket: number, auth }) {
    sockets.get(number).auth = auth;
  },

  // Cuts the transport, as a lost network does; with `reconnection` the client comes back by itself.
  cut({ socket: number }) {
    sockets.get(number).io.engine.close();
  },

  disconnect({ socket: number }) {
    sockets.get(number)?.disconnect();
  },

  close({ socket: number }) {
    sockets.get(number)?.offAny();
    sockets.get(number)?.disconnect();
    sockets.delete(number);
  },
};

function awaitAck(socket, answer, lost, timeout) {
  const id = socket.ids++;
  const timer = setTimeout(lost, timeout);
  socket.acks[id] = (value) => {
    clearTimeout(timer);
    answer(value);
  };
  return id;
}

/** The client refuses the names of its own events; a hostile one would not. */
function emit(socket, event, args, answer, lost, timeout) {
  if (answer && !RESERVED.has(event)) {
    socket.timeout(timeout).emit(event, ...args, (error, value) => (error ? lost() : answer(value)));
  } else if (answer) {
    const id = awaitAck(socket, answer, lost, timeout);
    socket.packet({ type: EVENT, data: [event, ...args], id, options: { compress: true } });
  } else if (RESERVED.has(event)) {
    socket.packet({ type: EVENT, data: [event, ...args], options: { compress: true } });
  } else {
    socket.emit(event, ...args);
  }
}

const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
lines.on("line", (line) => {
  const command = JSON.parse(line, revive);
  operations[command.op](command);
});
lines.on("close", () => process.exit());
