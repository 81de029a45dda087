/** Timeline items → what is drawn: day headings, the unread divider, and messages gathered by sender. */
import type { TimelineItem } from "../client";
import { dayKey } from "../time/format";

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "unread"; key: string }
  | { kind: "message"; key: string; item: TimelineItem; first: boolean; last: boolean };

const GROUP_GAP_MS = 5 * 60_000;

/** `unreadFrom` is the first seq that was unread when the person came, or null. */
export function rowsOf(items: readonly TimelineItem[], unreadFrom: number | null): Row[] {
  const rows: Row[] = [];
  let before: TimelineItem | null = null;
  let divided = unreadFrom === null;
  for (const item of items) {
    const newDay = !before || dayKey(before.message.created_at) !== dayKey(item.message.created_at);
    if (newDay) rows.push({ kind: "day", key: `day-${item.key}`, at: item.message.created_at });
    const divider = !divided && !item.mine && item.message.seq >= (unreadFrom ?? 0);
    if (divider) {
      rows.push({ kind: "unread", key: "unread" });
      divided = true;
    }
    const first = newDay || divider || !before || !belongTogether(before, item);
    if (first) endGroup(rows);
    rows.push({ kind: "message", key: item.key, item, first, last: false });
    before = item;
  }
  endGroup(rows);
  return rows;
}

function endGroup(rows: Row[]): void {
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i];
    if (row?.kind !== "message") continue;
    row.last = true;
    return;
  }
}

function belongTogether(a: TimelineItem, b: TimelineItem): boolean {
  if (isSystem(a) || isSystem(b) || a.message.sender_id !== b.message.sender_id) return false;
  return Date.parse(b.message.created_at) - Date.parse(a.message.created_at) < GROUP_GAP_MS;
}

export function isSystem(item: TimelineItem): boolean {
  return item.message.type === "system";
}
