/** Unsent text per conversation; survives a reload. At most 100, the oldest are let go. */
import { signal } from "@preact/signals";

const KEY = "chatsphere.drafts";
const LIMIT = 100;

function load(): Record<string, string> {
  try {
    return JSON.parse(globalThis.localStorage?.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

export const drafts = signal<Record<string, string>>(load());

export function saveDraft(conversationId: string, text: string): void {
  const { [conversationId]: before, ...others } = drafts.value;
  if ((before ?? "") === text) return;
  const next = text.trim() === "" ? others : { ...others, [conversationId]: text };
  drafts.value = Object.fromEntries(Object.entries(next).slice(-LIMIT));
  try {
    localStorage.setItem(KEY, JSON.stringify(drafts.value));
  } catch {
    // Storage is full or forbidden: the draft lives as long as the page.
  }
}

export function forgetDrafts(): void {
  drafts.value = {};
  localStorage.removeItem(KEY);
}
