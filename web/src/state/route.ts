/** Hash routing: the server only ever serves one page, and the back button works on a phone. */
import { effect, signal } from "@preact/signals";

export type Route =
  | { page: "chats" }
  | { page: "archived" }
  | { page: "rooms" }
  | { page: "conversation"; id: string; seq: number | null; details: boolean }
  | { page: "sign-in"; problem?: string }
  | { page: "sign-up" }
  | { page: "forgot-password" }
  | { page: "reset-password" | "verify-email"; token: string }
  | { page: "signed-in" }
  | { page: "settings"; section: Section | null; outcome?: string }
  | AdminRoute;

/** `id`: whose account is open, among the people. */
export type AdminRoute = { page: "admin"; section: AdminSection | null; id?: string };

export const SECTIONS = ["profile", "appearance", "security", "devices", "api-keys"] as const;
export type Section = (typeof SECTIONS)[number];

export const ADMIN_SECTIONS = ["overview", "people", "roles", "plans", "audit"] as const;
export type AdminSection = (typeof ADMIN_SECTIONS)[number];

export function parseRoute(hash: string): Route {
  const [first = "", encoded = "", part = "", value = ""] = hash.replace(/^#?\/?/, "").split("/");
  const id = decode(encoded);
  if (first === "c" && id) {
    const seq = part === "m" && /^\d+$/.test(value) ? Number(value) : null;
    return { page: "conversation", id, seq, details: part === "details" };
  }
  if (first === "sign-in" && id) return { page: first, problem: id };
  if (first === "reset-password" || first === "verify-email") return { page: first, token: id };
  if (first === "settings") return settingsRoute(id);
  if (first === "admin") return adminRoute(id, decode(part));
  for (const page of PLAIN) if (first === page) return { page };
  return { page: "chats" };
}

const PLAIN = ["rooms", "archived", "sign-in", "sign-up", "forgot-password", "signed-in"] as const;

/** What is no section is how linking a provider went. */
function settingsRoute(word: string): Route {
  const section = SECTIONS.find((one) => one === word);
  if (section || !word) return { page: "settings", section: section ?? null };
  return { page: "settings", section: "security", outcome: word };
}

function adminRoute(word: string, id: string): AdminRoute {
  const section = ADMIN_SECTIONS.find((one) => one === word) ?? null;
  return { page: "admin", section, ...(section === "people" && id && { id }) };
}

/** "" for what is not well encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** Without the secret of a mailed link, and without what is told only once. */
export function formatRoute(route: Route): string {
  if (route.page === "chats") return "#/";
  if (route.page === "sign-in" && route.problem) return `#/sign-in/${encodeURIComponent(route.problem)}`;
  if (route.page === "settings") return route.section ? `#/settings/${route.section}` : "#/settings";
  if (route.page === "admin")
    return ["#", "admin", route.section, route.id && encodeURIComponent(route.id)].filter(Boolean).join("/");
  if (route.page !== "conversation") return `#/${route.page}`;
  const base = `#/c/${encodeURIComponent(route.id)}`;
  if (route.details) return `${base}/details`;
  return route.seq === null ? base : `${base}/m/${route.seq}`;
}

export const accountRoute = (id: string): Route => ({ page: "admin", section: "people", id });
export const conversationRoute = (id: string): Route => ({
  page: "conversation",
  id,
  seq: null,
  details: false,
});
export const detailsRoute = (id: string): Route => ({ page: "conversation", id, seq: null, details: true });

/** A secret leaves the address as soon as it is read: it is in no history, and nobody sees it on the screen. */
function readAddress(): Route {
  const read = parseRoute(globalThis.location?.hash ?? "");
  if ("token" in read || "outcome" in read) history.replaceState(history.state, "", formatRoute(read));
  return read;
}

export const route = signal<Route>(readAddress());

globalThis.window?.addEventListener("hashchange", () => {
  route.value = readAddress();
});

/** The list beside an open conversation: the one it was opened from. */
export const listPage = signal<"chats" | "archived" | "rooms">("chats");

/** The place among the conversations where one is; it stays while the settings lie over it. */
export const place = signal<Route>({ page: "chats" });

effect(() => {
  const { page } = route.value;
  const list = page === "chats" || page === "archived" || page === "rooms";
  if (list) listPage.value = page;
  if (list || page === "conversation") place.value = route.value;
});

/** Marks history entries that have one of ours before them. */
const PUSHED = "pushed";

/** `replace` for moves that the back button should skip, such as a redirect. */
export function go(next: Route, replace = false): void {
  const hash = formatRoute(next);
  if (hash === location.hash) return;
  if (replace) history.replaceState(history.state, "", hash);
  else history.pushState(PUSHED, "", hash);
  route.value = next;
}

/** For the press on a link of ours; a new tab or window is left to the browser. */
export function follow(event: MouseEvent, next: Route, replace = false): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(next, replace);
}

/** Back to where one came from when that is a page of ours, else to the given one. */
export function goBack(otherwise: Route): void {
  if (history.state === PUSHED) history.back();
  else go(otherwise, true);
}
