import { signal } from "@preact/signals";
import type { Message } from "../client";

/** The dialog on screen: one at a time. */
export type DialogState =
  | { kind: "new-chat" }
  | { kind: "new-group" }
  | { kind: "new-room" }
  | { kind: "add-people"; conversationId: string }
  | { kind: "readers"; message: Message }
  | { kind: "confirm"; title: string; text: string; action: string; run: () => unknown };

export const dialog = signal<DialogState | null>(null);

export function openDialog(next: DialogState): void {
  dialog.value = next;
}

export function closeDialog(): void {
  dialog.value = null;
}
