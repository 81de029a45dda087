/** What the composer of a conversation is about to do: write anew, answer a message, or edit one. */
import { signal } from "@preact/signals";
import type { TimelineItem } from "../client";

export type ComposeMode =
  | { kind: "write" }
  | { kind: "reply"; item: TimelineItem }
  | { kind: "edit"; item: TimelineItem };

const WRITE: ComposeMode = { kind: "write" };
const modes = signal<Record<string, ComposeMode>>({});

export function composeMode(conversationId: string): ComposeMode {
  return modes.value[conversationId] ?? WRITE;
}

export function setComposeMode(conversationId: string, mode: ComposeMode): void {
  modes.value = { ...modes.value, [conversationId]: mode };
}

export function endCompose(conversationId: string): void {
  setComposeMode(conversationId, WRITE);
}
