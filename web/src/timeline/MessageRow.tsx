import { useRef, useState } from "preact/hooks";
import type { TimelineItem } from "../client";
import { faceOf, nameOf } from "../conversations/naming";
import { MessageFiles } from "../files/MessageFiles";
import { useUser } from "../state/client";
import { t } from "../strings";
import { RichText } from "../text/RichText";
import { clock } from "../time/format";
import { Avatar } from "../ui/Avatar";
import { hueFor } from "../ui/identity";
import { FailedNote } from "./FailedNote";
import { MessageActions } from "./MessageActions";
import { MessageMeta } from "./MessageMeta";
import { MessageSheet } from "./MessageSheet";
import type { MessageRowProps } from "./props";
import { Reactions } from "./Reactions";
import { ReplyQuote } from "./ReplyQuote";
import { isSystem } from "./rows";
import { useActive } from "./useActive";

export function MessageRow(props: MessageRowProps) {
  const { item, first, last, kind, marked, entry } = props;
  const { message, mine, state } = item;
  const sender = useUser(message.sender_id);
  const [active, activate] = useActive();
  const [sheet, setSheet] = useState(false);
  const bubble = useRef<HTMLDivElement>(null);
  if (isSystem(item)) return <SystemMessage item={item} />;
  const named = kind !== "private" && !mine;
  const deleted = message.deleted_at !== null;
  const reachable = !deleted && message.seq > 0;
  const classes = [
    "message",
    mine ? "mine" : "theirs",
    first && "first",
    last && "last",
    marked && "marked",
    named && "named",
  ];
  const onTap = (event: MouseEvent) => {
    const touched = matchMedia("(hover: none)").matches && reachable;
    if (touched && !(event.target as HTMLElement).closest("a, button, pre")) setSheet(true);
  };
  return (
    <article
      class={classes.filter(Boolean).join(" ")}
      data-testid="message"
      data-key={item.key}
      data-seq={message.seq || undefined}
      data-state={state}
      data-message-id={message.id || undefined}
      data-mine={mine}
      tabIndex={entry ? 0 : -1}
      onPointerEnter={activate}
      onFocusIn={activate}
    >
      {named && (
        <span class="message-gutter">
          {last && <Avatar {...faceOf(sender)} id={message.sender_id ?? ""} size="s" />}
        </span>
      )}
      <div class="message-body">
        {named && first ? (
          <div class={`message-sender hue-${hueFor(message.sender_id ?? "", sender?.avatar_hue)}`}>
            <bdi>{nameOf(sender)}</bdi>
          </div>
        ) : (
          <span class="visually-hidden">{`${mine ? t.list.you : nameOf(sender)}, ${clock(message.created_at)}: `}</span>
        )}
        <div class="bubble-line">
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: a touch shortcut; by keyboard the action buttons do it. */}
          {/* biome-ignore lint/a11y/noStaticElementInteractions: see above. */}
          <div ref={bubble} class={`bubble${deleted ? " bubble-deleted" : ""}`} onClick={onTap}>
            {message.reply_to_id && !deleted && <ReplyQuote {...props} replyToId={message.reply_to_id} />}
            {message.attachments.length > 0 && <MessageFiles attachments={message.attachments} />}
            {deleted ? <p class="tombstone">{t.chat.tombstone}</p> : <RichText content={message.content} />}
            <MessageMeta item={item} />
          </div>
          {active && reachable && <MessageActions {...props} />}
        </div>
        {!deleted && message.reactions.length > 0 && <Reactions {...props} />}
        {state === "failed" && <FailedNote item={item} />}
      </div>
      {sheet && <MessageSheet {...props} anchor={bubble} onClose={() => setSheet(false)} />}
    </article>
  );
}

function SystemMessage({ item }: { item: TimelineItem }) {
  return (
    <p
      class="system-message"
      dir="auto"
      data-testid="message"
      data-key={item.key}
      data-seq={item.message.seq}
      data-state={item.state}
    >
      {item.message.content || t.chat.unsupported}
    </p>
  );
}
