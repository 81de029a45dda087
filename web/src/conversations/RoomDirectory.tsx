import { useEffect, useState } from "preact/hooks";
import type { Conversation } from "../client";
import { client, useLive } from "../state/client";
import { openDialog } from "../state/dialogs";
import { attempt, explain } from "../state/errors";
import { conversationRoute, formatRoute, go } from "../state/route";
import { t } from "../strings";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { ListSkeleton } from "./ConversationList";
import { titleOf } from "./naming";

const PAUSE_MS = 200;

interface Directory {
  rooms: Conversation[] | null;
  cursor: string | null;
  problem: string | null;
}

/** All public rooms of the server, joined or not; searched there, a page at a time. */
export function RoomDirectory({ q, currentId }: { q: string; currentId: string | null }) {
  const [{ rooms, cursor, problem }, setState] = useState<Directory>({
    rooms: null,
    cursor: null,
    problem: null,
  });
  const [attemptNo, setAttemptNo] = useState(0);
  useEffect(() => {
    let stale = false;
    const timer = setTimeout(async () => {
      try {
        const page = await client.conversations.rooms(q ? { q } : {});
        if (!stale) setState({ rooms: page.items, cursor: page.next_cursor, problem: null });
      } catch (error) {
        if (!stale) setState((before) => ({ ...before, problem: explain(error) }));
      }
    }, PAUSE_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [q, attemptNo]);
  const more = () =>
    attempt(async () => {
      const page = await client.conversations.rooms({ ...(q && { q }), ...(cursor && { cursor }) });
      setState({ rooms: [...(rooms ?? []), ...page.items], cursor: page.next_cursor, problem: null });
    });
  if (problem) return <DirectoryFailed problem={problem} onRetry={() => setAttemptNo((n) => n + 1)} />;
  if (!rooms) return <ListSkeleton />;
  if (rooms.length === 0) return q ? <p class="empty">{t.list.emptyFilter(q)}</p> : <NoRooms />;
  return (
    <>
      <ul class="conversation-list" aria-label={t.list.roomsTab} data-testid="room-list">
        {rooms.map((room) => (
          <RoomItem key={room.id} room={room} current={room.id === currentId} />
        ))}
      </ul>
      {cursor && (
        <button type="button" class="button list-more" onClick={more}>
          {t.list.more}
        </button>
      )}
    </>
  );
}

function RoomItem({ room, current }: { room: Conversation; current: boolean }) {
  const own = useLive(["conversations"], () => client.conversations.get(room.id));
  const [busy, setBusy] = useState(false);
  const open = () => go(conversationRoute(room.id));
  const join = async () => {
    setBusy(true);
    if (await attempt(() => client.conversations.join(room.id))) open();
    setBusy(false);
  };
  const face = (
    <>
      <Avatar id={room.id} name={titleOf(room)} room />
      <span class="conversation-item-title truncate">
        <bdi>{titleOf(room)}</bdi>
      </span>
      <span class="preview truncate">{room.topic || t.list.members((own ?? room).member_count)}</span>
    </>
  );
  return (
    <li class="room-item" data-testid="room-item" data-conversation-id={room.id}>
      {own ? (
        <a
          class="conversation-item"
          href={formatRoute(conversationRoute(room.id))}
          aria-current={current ? "page" : undefined}
        >
          {face}
          <span class="room-joined">
            <Icon name="check" />
            {t.list.joined}
          </span>
        </a>
      ) : (
        <div class="conversation-item">
          {face}
          <button
            type="button"
            class="button button-small"
            disabled={busy}
            onClick={join}
            data-testid="join-room"
          >
            {busy ? t.list.joining : t.list.join}
          </button>
        </div>
      )}
    </li>
  );
}

function NoRooms() {
  return (
    <div class="empty">
      <h3>{t.list.emptyRoomsTitle}</h3>
      <p>{t.list.emptyRooms}</p>
      <button type="button" class="button button-primary" onClick={() => openDialog({ kind: "new-room" })}>
        <Icon name="hash" /> {t.list.newRoom}
      </button>
    </div>
  );
}

function DirectoryFailed({ problem, onRetry }: { problem: string; onRetry: () => void }) {
  return (
    <div class="empty" role="alert">
      <p>
        {t.list.loadFailed} {problem}
      </p>
      <button type="button" class="button" onClick={onRetry}>
        {t.chat.tryAgain}
      </button>
    </div>
  );
}
