import { describe, expect, test } from "vitest";
import { MemoryStorage } from "../../src/client";
import { stage, until } from "./people";

const it = stage();

/** A fetch that notes which calls carry cookies. */
function noting(carried: string[]): typeof fetch {
  return (address, init) => {
    if (init?.credentials !== "omit") carried.push(`${init?.method} ${new URL(String(address)).pathname}`);
    return fetch(address, init);
  };
}

describe("signing in with a provider", () => {
  test("whoever comes back from it is signed in, once", async () => {
    const ann = it.make();
    it.server.returning = "ann";
    expect(await ann.completeSignIn()).toMatchObject({ id: "ann" });
    await until(() => ann.status === "online");
    const again = it.make();
    await expect(again.completeSignIn()).rejects.toMatchObject({ code: "unauthorized" });
    expect(again.me).toBeNull();
  });

  test("takes the place of the session before", async () => {
    const storage = new MemoryStorage();
    const client = await it.join("ann", { storage });
    it.server.returning = "bob";
    await client.completeSignIn();
    await until(() => client.status === "online");
    expect(client.me?.id).toBe("bob");
    expect(storage.get("chatsphere.session")).toContain('"bob"');
  });

  test("only its own calls carry a cookie", async () => {
    const carried: string[] = [];
    const ann = await it.join("ann", { fetch: noting(carried) });
    it.server.fault("POST /auth/oauth2/google/link", { status: 200, body: { url: "https://google.test/" } });
    expect(await ann.account.linkIdentity("google")).toBe("https://google.test/");
    it.server.returning = "ann";
    await ann.completeSignIn();
    expect(carried).toEqual(["POST /api/v1/auth/oauth2/google/link", "POST /api/v1/auth/oauth2/complete"]);
  });
});

describe("the own profile", () => {
  test("is known everywhere as soon as it has changed", async () => {
    const storage = new MemoryStorage();
    const ann = await it.join("ann", { storage });
    const otherTab = it.make({ storage: storage.tab() });
    await otherTab.start();
    const fields = { display_name: "Ann B.", avatar_hue: 7 };
    const changed = { ...ann.me, ...fields };
    it.server.fault("PATCH /auth/me", { status: 200, body: changed });
    it.server.pushing = false;
    it.server.change("ann", fields);
    await ann.updateMe(fields);
    expect(ann.me).toEqual(changed);
    expect(ann.users.get("ann")).toEqual(changed);
    await until(() => otherTab.users.get("ann")?.avatar_hue === 7);
    expect(otherTab.me).toEqual(changed);
  });

  test("has the picture that was sent, as it is", async () => {
    const sent: RequestInit[] = [];
    const ann = await it.join("ann", {
      fetch: (address, init) => {
        if (String(address).endsWith("/avatar")) sent.push(init ?? {});
        return fetch(address, init);
      },
    });
    const changed = { ...ann.me, avatar_url: "/api/v1/media/1/avatar.webp" };
    it.server.fault("PUT /auth/me/avatar", { status: 200, body: changed });
    const picture = new Blob(["{}"], { type: "image/png" });
    await ann.account.setAvatar(picture, () => {});
    expect(ann.users.get("ann")?.avatar_url).toBe(changed.avatar_url);
    expect(sent[0]?.body).toBe(picture);
    expect(sent[0]?.headers).toMatchObject({ "Content-Type": "image/png" });
  });

  test("is read anew when the server says that it was changed", async () => {
    const ann = await it.join("ann");
    it.server.change("ann", { role: "buyer" });
    await until(() => ann.me?.role === "buyer");
    expect(ann.users.get("ann")?.role).toBe("buyer");
  });

  test("is what the last answer says, also when an earlier one comes late", async () => {
    const ann = await it.join("ann");
    await until(() => it.server.count("GET /auth/me") === 1);
    let letGo = () => {};
    const after = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    it.server.fault("GET /auth/me", { status: 200, body: { ...ann.me, role: "agent" }, after });
    const late = ann.account.refresh();
    await until(() => it.server.count("GET /auth/me") === 2);
    it.server.change("ann", { role: "buyer" });
    await until(() => ann.me?.role === "buyer");
    letGo();
    await late;
    expect(ann.me?.role).toBe("buyer");
  });

  test("is read anew after a reload, and comes with every refresh", async () => {
    const storage = new MemoryStorage();
    const before = await it.join("ann", { storage });
    before.close();
    it.server.change("ann", { role: "agent" });
    const after = it.make({ storage });
    await after.start();
    await until(() => after.me?.role === "agent");
    const told: (string | undefined)[] = [];
    after.on("session", () => told.push(after.me?.role));
    it.server.pushing = false;
    it.server.change("ann", { role: "member" });
    it.server.expireAccessTokens();
    await after.request("GET", "/users/ann");
    await until(() => told.includes("member"));
  });
});

test("a password can be reset and an address verified without a session", async () => {
  const client = it.make();
  const done = { status: 204 };
  it.server.fault("POST /auth/password/forgot", { status: 202, body: {} });
  it.server.fault("POST /auth/password/reset", done);
  it.server.fault("POST /auth/email/verify", done, {
    status: 422,
    body: { code: "validation_failed", errors: [{ field: "token", message: "has been used" }] },
  });
  await client.account.forgotPassword("ann@example.org");
  await client.account.resetPassword("secret", "a new password");
  await client.account.verifyEmail("secret");
  await expect(client.account.verifyEmail("secret")).rejects.toMatchObject({
    errors: [{ field: "token", message: "has been used" }],
  });
});

test("what the server says of itself stands at its root", async () => {
  const info = { name: "ChatSphere", registration: "closed", providers: [] };
  const client = it.make({ fetch: async (address) => Response.json({ ...info, address: String(address) }) });
  expect(await client.serverInfo()).toEqual({ ...info, address: `${it.server.url}/info` });
});
