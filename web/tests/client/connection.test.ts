import { describe, expect, test } from "vitest";
import { stage, texts, until } from "./people";

const it = stage();

describe("connecting", () => {
  test("two people talk", async () => {
    const ann = await it.join("ann");
    const bob = await it.join("bob");
    const id = it.server.create(["ann", "bob"], "private");
    await until(() => bob.conversations.get(id) !== undefined && ann.conversations.get(id) !== undefined);
    bob.timelines.open(id);
    await until(() => bob.timelines.view(id).loaded);
    ann.messages.send(id, "Hello");
    await until(() => texts(bob, id).includes("Hello"));
    expect(bob.conversations.get(id)).toMatchObject({ unread: 1, last_seq: 1 });
    expect(bob.conversations.totalUnread).toBe(1);
  });

  test("what was missed while cut off is there after the reconnect", async () => {
    const ann = await it.join("ann");
    const id = it.server.create(["ann", "bob"]);
    await until(() => ann.conversations.get(id) !== undefined);
    ann.timelines.open(id);
    await until(() => ann.timelines.view(id).loaded);
    await it.server.stop();
    await until(() => ann.status === "offline");
    it.server.model.send(id, "bob", "one");
    it.server.model.send(id, "bob", "two");
    it.server.model.edit(id, 1, "one, edited");
    await it.server.restart();
    await until(() => ann.status === "online");
    expect(texts(ann, id)).toEqual(["one, edited", "two"]);
    expect(ann.conversations.get(id)?.unread).toBe(2);
  });

  test("a push that was lost is noticed by the next one", async () => {
    const ann = await it.join("ann");
    const id = it.server.create(["ann", "bob"]);
    ann.timelines.open(id);
    await until(() => ann.timelines.view(id).loaded);
    it.server.pushing = false;
    it.server.send(id, "bob", "lost");
    it.server.pushing = true;
    it.server.send(id, "bob", "heard");
    await until(() => texts(ann, id).length === 2);
    expect(texts(ann, id)).toEqual(["lost", "heard"]);
  });

  test("a second `ready` on the open socket leads to a sync", async () => {
    const ann = await it.join("ann");
    const id = it.server.create(["ann", "bob"]);
    await until(() => ann.conversations.get(id) !== undefined);
    it.server.model.send(id, "bob", "lost");
    it.server.chat.emit("ready", { epoch: it.server.model.epoch });
    await until(() => ann.conversations.get(id)?.unread === 1);
  });

  test("an expired token at the handshake is refreshed and the connection made", async () => {
    const ann = await it.join("ann");
    it.server.expireAccessTokens();
    it.server.cut();
    await until(() => it.server.count("POST /auth/token/refresh") === 1);
    await until(() => ann.status === "online");
  });

  test("`session_ended: token_expired` leads to a refresh and a new connection", async () => {
    const ann = await it.join("ann");
    it.server.expireAccessTokens();
    it.server.kick("ann", "token_expired");
    await until(() => it.server.count("POST /auth/token/refresh") === 1);
    await until(() => ann.status === "online");
  });

  test("`session_ended: banned` signs out for good", async () => {
    const ann = await it.join("ann");
    const codes: string[] = [];
    ann.on("signed_out", ({ code }) => codes.push(code));
    it.server.endSession("ann", "banned");
    await until(() => codes.length > 0);
    expect(codes).toEqual(["banned"]);
    expect(ann.status).toBe("signed_out");
    expect(ann.me).toBeNull();
    expect(ann.conversations.list()).toEqual([]);
  });

  test("a server that says `unavailable` is asked again later", async () => {
    const ann = await it.join("ann");
    it.server.refuseConnections = { code: "unavailable" };
    it.server.kick("ann", "unavailable");
    await until(() => ann.status === "offline");
    it.server.refuseConnections = null;
    await until(() => ann.status === "online");
    expect(it.server.count("POST /auth/token/refresh")).toBe(0);
  });

  test("another epoch makes everything afresh", async () => {
    const ann = await it.join("ann");
    const id = it.server.create(["ann", "bob"]);
    for (const text of ["one", "two", "three"]) it.server.send(id, "bob", text);
    ann.timelines.open(id);
    await until(() => texts(ann, id).length === 3);
    const held = it.server.model.get(id);
    held.messages.length = 1;
    held.row = { ...held.row, last_seq: 1, last_change: 1 };
    it.server.model.epoch = "epoch-2";
    it.server.cut();
    await until(() => texts(ann, id).length === 1);
    expect(ann.conversations.get(id)).toMatchObject({ last_seq: 1, unread: 1 });
    it.server.send(id, "bob", "again two");
    await until(() => texts(ann, id).length === 2);
  });

  test("being removed while away removes the conversation", async () => {
    const ann = await it.join("ann");
    const id = it.server.create(["ann", "bob"]);
    await until(() => ann.conversations.get(id) !== undefined);
    it.server.model.get(id).members.delete("ann");
    it.server.cut();
    await until(() => ann.conversations.get(id) === undefined);
  });

  test("a new title given while away is shown after the reconnect", async () => {
    const ann = await it.join("ann");
    const id = it.server.create(["ann", "bob"]);
    await until(() => ann.conversations.get(id) !== undefined);
    const held = it.server.model.get(id);
    held.row = { ...held.row, title: "New" };
    it.server.cut();
    await until(() => ann.conversations.get(id)?.title === "New");
  });

  test("presence is watched again after a reconnect", async () => {
    const ann = await it.join("ann");
    ann.presence.watch(["bob", "cyd"]);
    ann.presence.watch(["bob"]);
    await until(() => ann.presence.get("bob")?.status === "online");
    expect(it.server.calls.filter((call) => call.startsWith("watch"))).toEqual(["watch 2"]);
    it.server.cut();
    await until(() => it.server.count("watch 2") === 2);
  });
});
