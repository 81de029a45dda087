import type { MessageState, TimelineItem } from "../client";
import { t } from "../strings";
import { clock, fullTime } from "../time/format";
import { Icon, type IconName } from "../ui/Icon";

const icons: Record<Exclude<MessageState, "received">, IconName> = {
  sending: "clock",
  failed: "alert",
  sent: "check",
  delivered: "checks",
  read: "checks",
};

/** "edited 10:32 ✓✓" at the end of a bubble. */
export function MessageMeta({ item }: { item: TimelineItem }) {
  const { message, state } = item;
  const edited = message.edited_at !== null && message.deleted_at === null;
  return (
    <span class="message-meta">
      {edited && (
        <span title={fullTime(message.edited_at ?? message.created_at)} data-testid="edited">
          {t.chat.edited}
        </span>
      )}
      <time dateTime={message.created_at} title={fullTime(message.created_at)}>
        {clock(message.created_at)}
      </time>
      {state !== "received" && message.deleted_at === null && (
        <span
          class={`message-state state-${state}`}
          role="img"
          aria-label={t.message.states[state]}
          title={t.message.states[state]}
          data-testid="message-state"
        >
          <Icon name={icons[state]} />
        </span>
      )}
    </span>
  );
}
