import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Conversation } from "../client";
import { mayModerate, mayWrite } from "../details/permissions";
import { client, useTimeline } from "../state/client";
import { attempt } from "../state/errors";
import { t } from "../strings";
import { Announcer } from "./Announcer";
import { JumpLatest } from "./JumpLatest";
import { MessageRow } from "./MessageRow";
import { type Row, rowsOf } from "./rows";
import { fromBottom, fromTop, isAtBottom } from "./ScrollKeeper";
import {
  DayDivider,
  LoadFailed,
  OlderSpinner,
  TimelineSkeleton,
  TimelineStart,
  UnreadDivider,
} from "./TimelineParts";
import { useJump } from "./useJump";
import { useMessageKeys } from "./useMessageKeys";
import { useReadMarks } from "./useReadMarks";
import { useScrollKeeper } from "./useScrollKeeper";
import { useToLatest } from "./useToLatest";
import { useUnreadDivider } from "./useUnreadDivider";

/** How near an end of the window has to be, in pixels, before the next page is fetched. */
const NEAR = 900;

interface TimelineProps {
  conversation: Conversation;
  /** A message to show, from a link. */
  target: number | null;
}

export function Timeline({ conversation, target }: TimelineProps) {
  const { id } = conversation;
  const view = useTimeline(id);
  const scroller = useRef<HTMLDivElement>(null);
  const [atBottom, setAtBottom] = useState(true);
  const [unreadFrom, endUnread] = useUnreadDivider(id);
  const rows = useMemo(() => rowsOf(view.items, unreadFrom), [view.items, unreadFrom]);
  const keeper = useScrollKeeper(scroller, rows, view.atEnd);
  const { jumpTo, highlighted, settled } = useJump(id, keeper, target, unreadFrom);
  const markRead = useReadMarks(id, scroller, rows, settled);
  const keys = useMessageKeys(scroller);

  const toLatest = useToLatest(id, scroller, rows);

  const onScroll = () => {
    const box = scroller.current;
    keeper.current?.keep(view.atEnd);
    if (!box || !settled) return;
    setAtBottom(isAtBottom(box));
    markRead();
    loadNearEnds(id, box);
  };
  useEffect(onScroll, [rows, view.loading, settled]);

  useEffect(() => {
    const pending = view.items.at(-1);
    if (pending?.mine && pending.message.seq === 0) {
      endUnread();
      scroller.current?.scrollTo({ top: 0 });
    }
  }, [view.items.at(-1)?.key]);

  if (!view.loaded) {
    return view.error ? (
      <LoadFailed onRetry={() => attempt(() => client.timelines.loadLatest(id))} />
    ) : (
      <TimelineSkeleton />
    );
  }
  return (
    <div class={settled ? "timeline" : "timeline timeline-settling"}>
      <Announcer conversationId={id} />
      <div ref={scroller} class="timeline-scroller scroller" onScroll={onScroll} data-testid="timeline">
        <div class="timeline-rows" role="log" aria-live="off" aria-label={t.chat.log} {...keys}>
          {view.atStart ? (
            <TimelineStart conversation={conversation} empty={rows.length === 0} />
          ) : (
            <OlderSpinner />
          )}
          {rows.map((row) => (
            <TimelineRow
              key={row.key}
              row={row}
              conversation={conversation}
              jumpTo={jumpTo}
              marked={isMarked(row, highlighted)}
              entry={row === rows.at(-1)}
            />
          ))}
        </div>
      </div>
      {(!atBottom || !view.atEnd) && <JumpLatest unread={conversation.unread} onJump={toLatest} />}
    </div>
  );
}

function isMarked(row: Row, highlighted: number | null): boolean {
  return row.kind === "message" && row.item.message.seq === highlighted;
}

interface TimelineRowProps {
  row: Row;
  conversation: Conversation;
  jumpTo: (seq: number) => void;
  marked: boolean;
  entry: boolean;
}

/** Draws a message again only when something about it changed: the same element tells Preact to skip it. */
function TimelineRow({ row, conversation, jumpTo, marked, entry }: TimelineRowProps) {
  const { id, kind, my_role } = conversation;
  const item = row.kind === "message" ? row.item : null;
  const [first, last] = row.kind === "message" ? [row.first, row.last] : [false, false];
  const message = useMemo(() => {
    if (!item) return null;
    const props = { item, first, last, kind, marked, entry, jumpTo, conversationId: id };
    return <MessageRow {...props} writable={mayWrite(conversation)} moderator={mayModerate(conversation)} />;
  }, [item, first, last, kind, my_role, marked, entry, jumpTo, id]);
  if (row.kind === "day") return <DayDivider at={row.at} />;
  return row.kind === "unread" ? <UnreadDivider /> : message;
}

function loadNearEnds(id: string, box: HTMLElement): void {
  const { loaded, loading, atStart, atEnd, error } = client.timelines.view(id);
  if (!loaded || loading || error) return;
  if (!atStart && fromTop(box) < NEAR) void attempt(() => client.timelines.loadOlder(id));
  else if (!atEnd && fromBottom(box) < NEAR) void attempt(() => client.timelines.loadNewer(id));
}
