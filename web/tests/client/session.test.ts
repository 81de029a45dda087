import { describe, expect, test } from "vitest";
import { MemoryStorage } from "../../src/client";
import { stage, until } from "./people";

const it = stage();

describe("refreshing", () => {
  test("many calls with an expired token refresh once", async () => {
    const ann = await it.join("ann");
    const id = it.server.create(["ann"]);
    it.server.expireAccessTokens();
    await Promise.all(Array.from({ length: 20 }, () => ann.request("GET", `/conversations/${id}/messages`)));
    expect(it.server.count("POST /auth/token/refresh")).toBe(1);
    expect(ann.me?.id).toBe("ann");
  });

  test("two tabs that find the token expired use the refresh token once", async () => {
    const storage = new MemoryStorage();
    const first = await it.join("ann", { storage });
    const second = it.make({ storage: storage.tab() });
    expect(await second.start()).toBe(true);
    await until(() => second.status === "online");
    const id = it.server.create(["ann"]);
    it.server.expireAccessTokens();
    const call = (client: typeof first) => client.request("GET", `/conversations/${id}/messages`);
    await Promise.all([call(first), call(second), call(second), call(first)]);
    expect(it.server.count("POST /auth/token/refresh")).toBe(1);
    expect(first.me).not.toBeNull();
    expect(second.me).not.toBeNull();
  });

  test("a new token is given to the open socket before the old one expires", async () => {
    it.server.lifetimeS = 1;
    const ann = await it.join("ann");
    await until(() => it.server.count("authenticate") > 0);
    expect(it.server.count("POST /auth/token/refresh")).toBeGreaterThan(0);
    expect(ann.status).toBe("online");
  });

  test("no answer to a refresh is not a sign-out", async () => {
    const ann = await it.join("ann");
    it.server.expireAccessTokens();
    it.server.fault("POST /auth/token/refresh", {
      status: 503,
      body: { code: "unavailable", retry_after: 9 },
    });
    await expect(ann.request("GET", "/users/ann")).rejects.toMatchObject({ code: "unavailable" });
    expect(ann.me).not.toBeNull();
    expect(await ann.request("GET", "/users/ann")).toMatchObject({ id: "ann" });
  });

  test("a refresh whose answer was lost is repeated, also after a reload", async () => {
    const storage = new MemoryStorage();
    const ann = await it.join("ann", { storage });
    it.server.expireAccessTokens();
    it.server.fault("POST /auth/token/refresh", "cut");
    await expect(ann.request("PATCH", "/auth/me", {})).rejects.toMatchObject({ code: "network" });
    ann.close();
    const after = it.make({ storage: storage.tab() });
    expect(await after.start()).toBe(true);
    await until(() => after.status === "online");
    expect(after.me?.id).toBe("ann");
  });

  test("a proxy's error page during a refresh is not a sign-out", async () => {
    const ann = await it.join("ann");
    it.server.expireAccessTokens();
    it.server.fault("POST /auth/token/refresh", { status: 502, body: "<html>" });
    await expect(ann.request("PATCH", "/x")).rejects.toMatchObject({ code: "unavailable" });
    expect(ann.me).not.toBeNull();
  });

  test("whoever is banned is signed out, and told why", async () => {
    const ann = await it.join("ann");
    const codes: string[] = [];
    ann.on("signed_out", ({ code }) => codes.push(code));
    it.server.fault("GET /users/bob", { status: 403, body: { code: "banned" } });
    await expect(ann.request("GET", "/users/bob")).rejects.toMatchObject({ code: "banned" });
    expect(codes).toEqual(["banned"]);
    expect(ann.me).toBeNull();
  });

  test("a session that the server has ended signs out, once", async () => {
    const ann = await it.join("ann");
    const codes: string[] = [];
    ann.on("signed_out", ({ code }) => codes.push(code));
    it.server.expireAccessTokens();
    it.server.fault("POST /auth/token/refresh", { status: 401, body: { code: "token_revoked" } });
    await expect(ann.request("GET", "/users/ann")).rejects.toMatchObject({ code: "token_revoked" });
    await until(() => codes.length === 1);
    expect(codes).toEqual(["token_revoked"]);
    expect(ann.status).toBe("signed_out");
  });
});

describe("signing in and out", () => {
  test("a wrong password is an error and no session", async () => {
    const ann = it.make();
    it.server.fault("POST /auth/login", { status: 401, body: { code: "unauthorized", detail: "Wrong." } });
    await expect(ann.login({ username: "ann", password: "x" })).rejects.toMatchObject({
      code: "unauthorized",
      detail: "Wrong.",
      status: 401,
    });
    expect(ann.me).toBeNull();
    expect(ann.status).toBe("signed_out");
  });

  test("a reload restores the session", async () => {
    const storage = new MemoryStorage();
    const before = await it.join("ann", { storage });
    before.close();
    const after = it.make({ storage });
    expect(await after.start()).toBe(true);
    await until(() => after.status === "online");
    expect(after.me?.id).toBe("ann");
  });

  test("without a session `start` says so and does nothing", async () => {
    expect(await it.make().start()).toBe(false);
    expect(it.server.calls).toEqual([]);
  });

  test("damaged storage counts as signed out", async () => {
    const storage = new MemoryStorage();
    storage.set("chatsphere.session", '{"access":');
    expect(await it.make({ storage }).start()).toBe(false);
  });

  test("signing out in one tab signs out the others", async () => {
    const storage = new MemoryStorage();
    const first = await it.join("ann", { storage });
    const second = it.make({ storage: storage.tab() });
    await second.start();
    await first.logout();
    await until(() => second.status === "signed_out");
    expect(second.me).toBeNull();
  });

  test("signing in in one tab signs in the others", async () => {
    const storage = new MemoryStorage();
    const second = it.make({ storage: storage.tab() });
    await second.start();
    await it.join("ann", { storage });
    await until(() => second.status === "online");
    expect(second.me?.id).toBe("ann");
  });

  test("signing out works without a server", async () => {
    const ann = await it.join("ann", { httpTimeoutMs: 500 });
    await it.server.stop();
    await ann.logout();
    expect(ann.me).toBeNull();
    await it.server.restart();
  });
});
