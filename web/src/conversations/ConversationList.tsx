import { useEffect } from "preact/hooks";
import { client, useLive, useMay } from "../state/client";
import { openDialog } from "../state/dialogs";
import { go } from "../state/route";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { Logo } from "../ui/Logo";
import { ConversationItem } from "./ConversationItem";

interface ListProps {
  q: string;
  archived: boolean;
  currentId: string | null;
}

export function ConversationList({ q, archived, currentId }: ListProps) {
  const conversations = useLive(["conversations"], () => client.conversations.list({ archived, q }));
  const ready = useLive(["conversations", "status"], () => client.conversations.ready);
  const peers = conversations.map((c) => c.peer?.id).filter((id) => id !== undefined);
  useEffect(() => client.presence.watch(peers.slice(0, 500)), [peers.join()]);
  if (!ready && conversations.length === 0) return <ListSkeleton />;
  if (conversations.length === 0) return <EmptyList q={q} archived={archived} />;
  return (
    <ul
      class="conversation-list"
      aria-label={archived ? t.list.showArchived : t.list.title}
      data-testid="conversation-list"
    >
      {conversations.map(({ id }) => (
        <ConversationItem key={id} id={id} current={id === currentId} />
      ))}
    </ul>
  );
}

function EmptyList({ q, archived }: { q: string; archived: boolean }) {
  const rooms = useMay("rooms.use");
  if (q) return <p class="empty">{t.list.emptyFilter(q)}</p>;
  if (archived) return <p class="empty">{t.list.emptyArchived}</p>;
  return (
    <div class="empty">
      <Logo class="empty-art" />
      <h3>{t.list.emptyTitle}</h3>
      <p>{rooms ? t.list.emptyText : t.list.emptyTextNoRooms}</p>
      <div class="empty-actions">
        <button type="button" class="button button-primary" onClick={() => openDialog({ kind: "new-chat" })}>
          <Icon name="compose" /> {t.list.newChat}
        </button>
        {rooms && (
          <button type="button" class="button" onClick={() => go({ page: "rooms" })}>
            {t.list.roomsTab}
          </button>
        )}
      </div>
    </div>
  );
}

export function ListSkeleton() {
  return (
    <ul class="conversation-list" aria-busy="true">
      {[1, 2, 3, 4, 5, 6].map((n) => (
        <li key={n} class="conversation-item">
          <span class="skeleton skeleton-avatar" />
          <span class="skeleton skeleton-line w-50" />
          <span />
          <span class="skeleton skeleton-line w-75" />
        </li>
      ))}
    </ul>
  );
}
