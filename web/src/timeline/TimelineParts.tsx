import { useRef } from "preact/hooks";
import type { Conversation } from "../client";
import { titleOf } from "../conversations/naming";
import { t } from "../strings";
import { dayLabel, shortDate } from "../time/format";
import { Icon } from "../ui/Icon";

export function DayDivider({ at }: { at: string }) {
  return (
    <div class="day-divider">
      <time dateTime={at}>{dayLabel(at)}</time>
    </div>
  );
}

export function UnreadDivider() {
  return (
    <div class="unread-divider" data-testid="unread-divider">
      <span>{t.chat.unreadDivider}</span>
    </div>
  );
}

export function OlderSpinner() {
  return (
    <div class="timeline-older" role="status">
      <span class="spinner" />
      <span class="visually-hidden">{t.chat.loadingOlder}</span>
    </div>
  );
}

export function TimelineStart({ conversation, empty }: { conversation: Conversation; empty: boolean }) {
  return (
    <div class={empty ? "timeline-start timeline-empty empty" : "timeline-start"}>
      {empty && <h3>{t.chat.emptyTitle}</h3>}
      {empty ? (
        <p>{t.chat.emptyText}</p>
      ) : (
        <p>
          <bdi>{titleOf(conversation)}</bdi> · {t.details.created(shortDate(conversation.created_at))}
        </p>
      )}
    </div>
  );
}

const WIDTHS = ["w-60", "w-40", "w-75", "w-50", "w-30"];

export function TimelineSkeleton() {
  const rows = useRef([...Array(7).keys()]).current;
  return (
    <div class="timeline timeline-skeleton" aria-busy="true" data-testid="timeline-loading">
      {rows.map((n) => (
        <div
          key={n}
          class={`skeleton skeleton-bubble ${WIDTHS[n % WIDTHS.length]}${n % 3 === 1 ? " skeleton-own" : ""}`}
        />
      ))}
    </div>
  );
}

export function LoadFailed({ onRetry }: { onRetry: () => void }) {
  return (
    <div class="timeline empty" role="alert">
      <p>{t.chat.loadFailed}</p>
      <button type="button" class="button" onClick={onRetry}>
        <Icon name="refresh" /> {t.chat.tryAgain}
      </button>
    </div>
  );
}
