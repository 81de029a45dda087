import type { Conversation, User } from "../client";
import { t } from "../strings";

export function nameOf(user: User | null | undefined): string {
  return user?.display_name || user?.username || t.someone;
}

export function titleOf(conversation: Conversation): string {
  if (conversation.kind === "private") return nameOf(conversation.peer);
  return conversation.title || t.unnamed;
}

/** The colour of a private chat is its person's. */
export function colourId(conversation: Conversation): string {
  return conversation.peer?.id ?? conversation.id;
}
