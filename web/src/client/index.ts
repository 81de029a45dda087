/**
 * ChatSphere's client library, for browsers and Node 20+.
 *
 *     const client = createChatClient({ url: "https://chat.example" });
 *     await client.login({ username: "ada", password: "…" });
 *     const stop = client.on("conversations", () => draw(client.conversations.list()));
 *     const close = client.timelines.open(id);
 *     client.on(`timeline:${id}`, () => drawMessages(client.timelines.view(id)));
 *     client.messages.send(id, "Hello");
 */

export type * from "./api";
export { createChatClient } from "./client";
export { ChatError } from "./errors";
export type { ClientOptions } from "./options";
export { type KeyValueStorage, MemoryStorage, webStorage } from "./storage";
export type * from "./types";
export { uuidv7 } from "./uuid";
