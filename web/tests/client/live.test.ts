/**
 * Against a real server: `CHATSPHERE_TEST_URL=http://127.0.0.1:8000 npx vitest run tests/client/live.test.ts`.
 * Registers new accounts; skipped without the variable.
 */

import { afterEach, describe, expect, test } from "vitest";
import { type ChatClient, type ClientOptions, createChatClient, MemoryStorage } from "../../src/client";
import { states, texts, until } from "./people";

const url = process.env.CHATSPHERE_TEST_URL;
const clients: ChatClient[] = [];
let count = 0;

function make(options: ClientOptions = {}): ChatClient {
  const client = createChatClient({ url: url ?? "", safetySyncMs: 0, ...options });
  clients.push(client);
  return client;
}

async function person(options?: ClientOptions): Promise<ChatClient> {
  const client = make(options);
  count += 1;
  const username = `live_${Date.now().toString(36)}_${count}`;
  await client.register({ username, email: `${username}@example.org`, password: "correct horse" });
  await until(() => client.status === "online");
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

describe.skipIf(!url)("a real server", () => {
  async function pair(): Promise<{ ann: ChatClient; bob: ChatClient; id: string }> {
    const [ann, bob] = [await person(), await person({ transports: ["polling"] })];
    const { id } = await ann.conversations.createPrivate(bob.me?.id ?? "");
    await until(() => bob.conversations.get(id) !== undefined);
    for (const client of [ann, bob]) {
      client.timelines.open(id);
      await until(() => client.timelines.view(id).loaded);
    }
    return { ann, bob, id };
  }

  test("messages, states, edits, reactions and deletions reach the other person", async () => {
    const { ann, bob, id } = await pair();
    for (const text of ["one", "two", "three"]) ann.messages.send(id, text);
    await until(() => texts(bob, id).join() === "one,two,three");
    await until(() => states(ann, id).every((state) => state === "delivered"));
    bob.receipts.markRead(id, 3);
    await until(() => states(ann, id).every((state) => state === "read"));
    const first = ann.timelines.view(id).items[0]?.message.id ?? "";
    await ann.messages.edit(first, "one, edited");
    await bob.messages.react(first, "👍", true);
    await until(() => ann.timelines.view(id).items[0]?.message.reactions.length === 1);
    expect(texts(bob, id)[0]).toBe("one, edited");
    await ann.messages.delete(first);
    await until(() => texts(bob, id)[0] === "");
    await expect(bob.messages.delete(first)).rejects.toThrow();
  });

  test("typing and presence are seen", async () => {
    const { ann, bob, id } = await pair();
    ann.typing.set(id, true);
    await until(() => bob.typing.users(id).length === 1);
    ann.typing.set(id, false);
    await until(() => bob.typing.users(id).length === 0);
    const annId = ann.me?.id ?? "";
    bob.presence.watch([annId]);
    await until(() => bob.presence.get(annId)?.status === "online");
    ann.presence.setStatus("away");
    await until(() => bob.presence.get(annId)?.status === "away");
  });

  test("a second device has all of it, and its unread counts follow", async () => {
    const storage = new MemoryStorage();
    const ann = await person();
    const bob = await person({ storage });
    const { id } = await ann.conversations.createGroup("Group", [bob.me?.id ?? ""]);
    for (let i = 0; i < 12; i++) ann.messages.send(id, `${i}`);
    await until(() => ann.messages.pending().length === 0);
    const tablet = make({ storage: storage.tab(), pageSize: 5 });
    await tablet.start();
    tablet.timelines.open(id);
    await until(() => tablet.status === "online" && tablet.timelines.view(id).loaded);
    while (!tablet.timelines.view(id).atStart) await tablet.timelines.loadOlder(id);
    expect(texts(tablet, id).slice(-12)).toEqual(Array.from({ length: 12 }, (_, i) => `${i}`));
    bob.receipts.markRead(id, bob.conversations.get(id)?.last_seq ?? 0);
    await until(() => tablet.conversations.get(id)?.unread === 0);
  });

  test("what happened while away is there after `reconnect`", async () => {
    const storage = new MemoryStorage();
    const { ann, bob, id } = await pair();
    const away = make({ storage });
    await away.login({ username: ann.me?.username ?? "", password: "correct horse" });
    away.close();
    bob.messages.send(id, "while away");
    await until(() => bob.messages.pending().length === 0);
    const back = make({ storage });
    expect(await back.start()).toBe(true);
    await until(() => back.conversations.get(id)?.last_message?.content === "while away");
    expect(back.conversations.get(id)?.unread).toBe(1);
  });

  test("signing out everywhere ends the other devices at once", async () => {
    const ann = await person();
    const other = make();
    await other.login({ username: ann.me?.username ?? "", password: "correct horse" });
    await until(() => other.status === "online");
    await ann.logout({ everywhere: true });
    await until(() => other.status === "signed_out");
  });
});
