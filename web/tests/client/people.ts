/** Clients for tests, all closed at the end of each, and waiting for conditions. */

import { afterEach, beforeEach, vi } from "vitest";
import { type ChatClient, type ClientOptions, createChatClient } from "../../src/client";
import { TestServer } from "./server";

export interface Stage {
  server: TestServer;
  /** A signed-in, connected and complete client. */
  join(username: string, options?: ClientOptions): Promise<ChatClient>;
  /** A client that has not signed in. */
  make(options?: ClientOptions): ChatClient;
}

/** A server and its clients for each test. */
export function stage(): Stage {
  const clients: ChatClient[] = [];
  const it = {} as Stage;
  beforeEach(async () => {
    it.server = new TestServer();
    await it.server.listen();
    it.make = (options = {}) => {
      const client = createChatClient({
        url: it.server.url,
        reconnectDelayMs: 10,
        reconnectDelayMaxMs: 50,
        receiptDelayMs: 10,
        holeDelayMs: 20,
        safetySyncMs: 0,
        transports: ["websocket"],
        ...options,
      });
      clients.push(client);
      return client;
    };
    it.join = async (username, options) => {
      const client = it.make(options);
      await client.login({ username, password: "p" });
      await until(() => client.status === "online");
      return client;
    };
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await it.server.stop();
  });
  return it;
}

/** Waits until the condition holds. */
export async function until(condition: () => boolean | undefined, timeout = 12_000): Promise<void> {
  await vi.waitUntil(() => condition() === true, { timeout, interval: 5 });
}

/** What a person sees: the texts of a conversation, in order. */
export function texts(client: ChatClient, id: string): string[] {
  return client.timelines.view(id).items.map((item) => item.message.content);
}

export function states(client: ChatClient, id: string): string[] {
  return client.timelines.view(id).items.map((item) => item.state);
}
