/** Hash routing: the server only ever serves one page, and the back button works on a phone. */
import { effect, signal } from "@preact/signals";

export type Route =
  | { page: "chats" }
  | { page: "archived" }
  | { page: "rooms" }
  | { page: "conversation"; id: string; seq: number | null; details: boolean }
  | { page: "sign-in" }
  | { page: "sign-up" };

export function parseRoute(hash: string): Route {
  const [first = "", encoded = "", part = "", value = ""] = hash.replace(/^#?\/?/, "").split("/");
  const id = decode(encoded);
  if (first === "c" && id) {
    const seq = part === "m" && /^\d+$/.test(value) ? Number(value) : null;
    return { page: "conversation", id, seq, details: part === "details" };
  }
  if (first === "rooms" || first === "archived" || first === "sign-in" || first === "sign-up")
    return { page: first };
  return { page: "chats" };
}

/** "" for what is not well encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

export function formatRoute(route: Route): string {
  if (route.page === "chats") return "#/";
  if (route.page !== "conversation") return `#/${route.page}`;
  const base = `#/c/${encodeURIComponent(route.id)}`;
  if (route.details) return `${base}/details`;
  return route.seq === null ? base : `${base}/m/${route.seq}`;
}

export const conversationRoute = (id: string): Route => ({
  page: "conversation",
  id,
  seq: null,
  details: false,
});
export const detailsRoute = (id: string): Route => ({ page: "conversation", id, seq: null, details: true });

export const route = signal<Route>(parseRoute(globalThis.location?.hash ?? ""));

globalThis.window?.addEventListener("hashchange", () => {
  route.value = parseRoute(location.hash);
});

/** The list beside an open conversation: the one it was opened from. */
export const listPage = signal<"chats" | "archived" | "rooms">("chats");

effect(() => {
  const { page } = route.value;
  if (page === "chats" || page === "archived" || page === "rooms") listPage.value = page;
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

/** Back to where one came from when that is a page of ours, else to the given one. */
export function goBack(otherwise: Route): void {
  if (history.state === PUSHED) history.back();
  else go(otherwise, true);
}
