import { useEffect } from "preact/hooks";
import { client, useLive } from "../state/client";
import { t } from "../strings";

/** "(3) ChatSphere": unread messages in the tab's title. */
export function useTitle(): void {
  const unread = useLive(["conversations"], () => client.conversations.totalUnread);
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t.appName}` : t.appName;
    return () => {
      document.title = t.appName;
    };
  }, [unread]);
}
