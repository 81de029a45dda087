import { expect, test } from "vitest";
import { conversationRoute, detailsRoute, formatRoute, parseRoute } from "../../src/state/route";

const ID = "01a1fd72-afab-7cf5-a609-243f27dd7d46";

test.each([
  { page: "chats" },
  { page: "archived" },
  { page: "rooms" },
  { page: "sign-in" },
  { page: "sign-up" },
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
