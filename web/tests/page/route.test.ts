import { expect, test } from "vitest";
import { conversationRoute, detailsRoute, formatRoute, parseRoute } from "../../src/state/route";

const ID = "01a1fd72-afab-7cf5-a609-243f27dd7d46";

test.each([
  { page: "chats" },
  { page: "archived" },
  { page: "rooms" },
  { page: "sign-in" },
  { page: "sign-up" },
  { page: "sign-in", problem: "account_exists" },
  { page: "forgot-password" },
  { page: "signed-in" },
  { page: "settings", section: null },
  { page: "settings", section: "api-keys" },
  { page: "admin", section: null },
  { page: "admin", section: "audit" },
  { page: "admin", section: "people", id: ID },
  conversationRoute(ID),
  detailsRoute(ID),
  { page: "conversation", id: ID, seq: 42, details: false },
] as const)("$page keeps its address", (route) => expect(parseRoute(formatRoute(route))).toEqual(route));

test.each(["", "#", "#/", "#/nowhere", "#/c/", "/"])("%j is the list of chats", (hash) =>
  expect(parseRoute(hash)).toEqual({ page: "chats" }),
);

test("a message number that is none is left out", () => {
  expect(parseRoute(`#/c/${ID}/m/abc`)).toEqual(conversationRoute(ID));
});

test("an id cannot break out of its place", () => {
  expect(parseRoute(formatRoute(conversationRoute("a/b c")))).toEqual(conversationRoute("a/b c"));
});

test("an address that is not well encoded is the list, not an error", () => {
  expect(parseRoute("#/c/%E0%A4%A")).toEqual({ page: "chats" });
});

test("a mailed secret is read from the address, and never written to it", () => {
  const route = parseRoute("#/reset-password/s3cret");
  expect(route).toEqual({ page: "reset-password", token: "s3cret" });
  expect(formatRoute(route)).toBe("#/reset-password");
  expect(parseRoute("#/verify-email")).toEqual({ page: "verify-email", token: "" });
});

test("how linking a provider went is told once, under Security", () => {
  const route = parseRoute("#/settings/linked");
  expect(route).toEqual({ page: "settings", section: "security", outcome: "linked" });
  expect(formatRoute(route)).toBe("#/settings/security");
});
