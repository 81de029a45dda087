import { describe, expect, test } from "vitest";
import { type ChatClient, MemoryStorage } from "../../src/client";
import { stage, states, texts, until } from "./people";

const it = stage();

async function inGroup(options = {}): Promise<{ ann: ChatClient; id: string }> {
  const ann = await it.join("ann", options);
  const id = it.server.create(["ann", "bob"]);
  await until(() => ann.conversations.get(id) !== undefined);
  ann.timelines.open(id);
  await until(() => ann.timelines.view(id).loaded);
  return { ann, id };
}

const stored = (id: string) => it.server.model.get(id).messages.map((message) => message.content);

describe("sending", () => {
  test("a message is shown at once and keeps its key", async () => {
    const { ann, id } = await inGroup();
    const key = ann.messages.send(id, "Hello");
    expect(ann.timelines.view(id).items).toMatchObject([{ key, state: "sending", mine: true }]);
    await until(() => states(ann, id)[0] === "sent");
    expect(ann.timelines.view(id).items).toMatchObject([{ key, message: { seq: 1, content: "Hello" } }]);
  });

  test("it is never shown twice, whether the push or the answer comes first", async () => {
    const { ann, id } = await inGroup();
    let most = 0;
    ann.on(`timeline:${id}`, () => {
      most = Math.max(most, texts(ann, id).length);
    });
    ann.messages.send(id, "Hello");
    await until(() => states(ann, id)[0] === "sent" && ann.messages.pending().length === 0);
    expect(most).toBe(1);
  });

  test("delivered and read follow the peer", async () => {
    const ann = await it.join("ann");
    const bob = await it.join("bob");
    const id = it.server.create(["ann", "bob"], "private");
    await until(() => bob.conversations.get(id) !== undefined && ann.conversations.get(id) !== undefined);
    ann.timelines.open(id);
    await until(() => ann.timelines.view(id).loaded);
    ann.messages.send(id, "Hello");
    await until(() => states(ann, id)[0] === "delivered");
    bob.receipts.markRead(id, 1);
    expect(bob.conversations.get(id)?.unread).toBe(0);
    await until(() => states(ann, id)[0] === "read");
  });

  test("in a group a message is read when all others have read it", async () => {
    const ann = await it.join("ann");
    for (const other of ["bob", "cyd"]) it.server.model.user(other);
    const id = it.server.create(["ann", "bob", "cyd"]);
    ann.timelines.open(id);
    await until(() => ann.timelines.view(id).loaded && ann.conversations.members(id)?.length === 3);
    ann.messages.send(id, "Hello");
    await until(() => states(ann, id)[0] === "sent");
    const receipt = (user_id: string) =>
      it.server.push("receipt", id, { conversation_id: id, user_id, delivered_seq: 1, read_seq: 1 });
    receipt("bob");
    await until(() => ann.receipts.peers(id).get("bob")?.read_seq === 1);
    expect(states(ann, id)).toEqual(["sent"]);
    receipt("cyd");
    await until(() => states(ann, id)[0] === "read");
  });

  test("an empty message is refused at once", async () => {
    const { ann, id } = await inGroup();
    expect(() => ann.messages.send(id, "  \n")).toThrow(/validation_failed/);
  });
});

describe("trouble", () => {
  test("a lost answer leads to one message", async () => {
    const { ann, id } = await inGroup();
    it.server.pushing = false;
    it.server.fault("send_message", "cut");
    ann.messages.send(id, "once");
    await until(() => states(ann, id)[0] === "sent");
    expect(stored(id)).toEqual(["once"]);
    expect(texts(ann, id)).toEqual(["once"]);
  });

  test("no answer in time is tried again", async () => {
    const { ann, id } = await inGroup({ ackTimeoutMs: 50 });
    it.server.fault("send_message", "silence");
    ann.messages.send(id, "again");
    await until(() => states(ann, id)[0] === "sent");
    expect(it.server.count("send_message")).toBe(2);
  });

  test("`rate_limited` waits as long as asked, and keeps the order", async () => {
    const { ann, id } = await inGroup();
    it.server.fault("send_message", {
      status: 0,
      body: { code: "rate_limited", detail: "", retry_after: 0.2 },
    });
    const start = Date.now();
    for (const text of ["one", "two", "three"]) ann.messages.send(id, text);
    await until(() => stored(id).length === 3);
    expect(Date.now() - start).toBeGreaterThanOrEqual(200);
    expect(stored(id)).toEqual(["one", "two", "three"]);
  });

  test("a message that cannot be stored fails, the following ones are sent", async () => {
    const { ann, id } = await inGroup();
    it.server.fault("send_message", { status: 0, body: { code: "payload_too_large", detail: "Too long." } });
    const bad = ann.messages.send(id, "bad");
    ann.messages.send(id, "good");
    await until(() => stored(id).length === 1 && states(ann, id).join() === "sent,failed");
    expect(ann.timelines.view(id).items[1]?.error).toMatchObject({
      code: "payload_too_large",
      detail: "Too long.",
    });
    ann.messages.retry(bad);
    await until(() => states(ann, id).join() === "sent,sent");
    expect(it.server.model.get(id).messages[1]?.client_msg_id).toBe(bad);
  });

  test("a failed message can be discarded", async () => {
    const { ann, id } = await inGroup();
    it.server.fault("send_message", { status: 0, body: { code: "forbidden", detail: "" } });
    const bad = ann.messages.send(id, "bad");
    await until(() => states(ann, id)[0] === "failed");
    ann.messages.discard(bad);
    expect(texts(ann, id)).toEqual([]);
    expect(ann.messages.pending()).toEqual([]);
  });

  test("an expired token does not fail a message", async () => {
    const { ann, id } = await inGroup();
    it.server.fault("send_message", { status: 0, body: { code: "token_expired", detail: "" } });
    ann.messages.send(id, "Hello");
    await until(() => states(ann, id)[0] === "sent");
    expect(it.server.count("POST /auth/token/refresh")).toBe(1);
  });

  test("the queue is bounded", async () => {
    const { ann, id } = await inGroup({ outboxLimit: 3 });
    await it.server.stop();
    await until(() => ann.status === "offline");
    for (const text of ["one", "two", "three"]) ann.messages.send(id, text);
    expect(() => ann.messages.send(id, "four")).toThrow(/outbox_full/);
    await it.server.restart();
    await until(() => stored(id).length === 3);
  });
});

describe("offline", () => {
  test("what was typed offline survives a reload and is sent in order, once", async () => {
    const storage = new MemoryStorage();
    const { ann, id } = await inGroup({ storage });
    await it.server.stop();
    await until(() => ann.status === "offline");
    const typed = Array.from({ length: 20 }, (_, i) => `text ${i}`);
    for (const text of typed) ann.messages.send(id, text);
    ann.close();
    await it.server.restart();
    const again = it.make({ storage });
    await again.start();
    again.timelines.open(id);
    await until(() => again.status === "online" && again.messages.pending().length === 0);
    expect(stored(id)).toEqual(typed);
    await until(() => texts(again, id).length === typed.length);
    expect(texts(again, id)).toEqual(typed);
  });

  test("two tabs with the same queue store each message once", async () => {
    const storage = new MemoryStorage();
    const { ann, id } = await inGroup({ storage });
    await it.server.stop();
    await until(() => ann.status === "offline");
    const typed = Array.from({ length: 10 }, (_, i) => `text ${i}`);
    for (const text of typed) ann.messages.send(id, text);
    const other = it.make({ storage: storage.tab() });
    await other.start();
    expect(other.messages.pending().length).toBe(10);
    await it.server.restart();
    await until(() => ann.messages.pending().length === 0 && other.messages.pending().length === 0);
    expect(stored(id)).toEqual(typed);
  });

  test("somebody else on the same browser does not get it", async () => {
    const storage = new MemoryStorage();
    const { ann, id } = await inGroup({ storage });
    it.server.fault("send_message", {
      status: 0,
      body: { code: "unavailable", detail: "", retry_after: 60 },
    });
    ann.messages.send(id, "mine");
    await until(() => it.server.count("send_message") === 1);
    it.server.endSession("ann", "token_revoked");
    await until(() => ann.status === "signed_out");
    const bob = await it.join("bob", { storage });
    expect(bob.messages.pending()).toEqual([]);
    bob.close();
    const annAgain = await it.join("ann", { storage });
    await until(() => stored(id).includes("mine"));
    expect(annAgain.me?.id).toBe("ann");
  });

  test("signing out forgets it", async () => {
    const storage = new MemoryStorage();
    const { ann, id } = await inGroup({ storage });
    it.server.fault("send_message", {
      status: 0,
      body: { code: "unavailable", detail: "", retry_after: 60 },
    });
    ann.messages.send(id, "mine");
    await ann.logout();
    expect(storage.keys("chatsphere.outbox")).toEqual([]);
  });
});
