import { useEffect, useState } from "preact/hooks";
import { client } from "../state/client";

/**
 * The first seq that was unread when the person came to the conversation, or came back to its tab. It stays while they
 * are here, so that the line does not run away from under their eyes; sending a message ends it.
 */
export function useUnreadDivider(conversationId: string): [number | null, () => void] {
  const firstUnread = () => {
    const conversation = client.conversations.get(conversationId);
    return conversation && conversation.unread > 0 ? conversation.read_seq + 1 : null;
  };
  const [divider, setDivider] = useState<number | null>(firstUnread);
  useEffect(() => {
    const onChange = () => {
      if (document.visibilityState === "visible") setDivider((now) => firstUnread() ?? now);
    };
    document.addEventListener("visibilitychange", onChange);
    return () => document.removeEventListener("visibilitychange", onChange);
  }, [conversationId]);
  return [divider, () => setDivider(null)];
}
