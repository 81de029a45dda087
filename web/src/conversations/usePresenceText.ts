import type { User } from "../client";
import { usePresence, useStatusOf } from "../state/client";
import { t } from "../strings";
import { ago } from "../time/format";

/** "Online", "Away" or "Last seen 5 minutes ago"; a dash while we are cut off and cannot know. */
export function usePresenceText(user: User | null): string {
  const status = useStatusOf(user);
  const presence = usePresence(user?.id);
  if (!status) return "–";
  const seen = presence?.last_seen ?? user?.last_seen_at;
  return status === "offline" && seen ? t.lastSeen(ago(seen)) : (t.presence[status] ?? status);
}
