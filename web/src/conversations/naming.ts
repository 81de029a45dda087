import type { Conversation, User } from "../client";
import { t } from "../strings";
import type { Face } from "../ui/Avatar";

export function nameOf(user: User | null | undefined): string {
  return user?.display_name || user?.username || t.someone;
}

export function titleOf(conversation: Conversation): string {
  if (conversation.kind === "private") return nameOf(conversation.peer);
  return conversation.title || t.unnamed;
}

/** For `Avatar`. */
export function faceOf(user: User | null | undefined): Face {
  return { id: user?.id ?? "", name: nameOf(user), url: user?.avatar_url, hue: user?.avatar_hue };
}

/** The face of a private chat is its person's. */
export function faceOfConversation(conversation: Conversation): Face {
  const { id, kind, peer } = conversation;
  return peer ? faceOf(peer) : { id, name: titleOf(conversation), room: kind === "room" };
}
