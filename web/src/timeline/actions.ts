/** What can be done with a message: one list for the bar, its menu and the touch sheet. */
import type { TimelineItem } from "../client";
import { client } from "../state/client";
import { setComposeMode } from "../state/compose";
import { openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { t } from "../strings";
import type { MenuItem } from "../ui/Menu";
import { showToast } from "../ui/toasts";
import type { MessageRowProps } from "./props";

export const COMMON_EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];
export const MORE_EMOJI = ["✅", "👀", "🔥", "👏", "💯", "🤔", "😢", "😅", "🚀", "👎", "☕️", "🫡"];

export function toggleReaction(item: TimelineItem, emoji: string): void {
  const mine = item.message.reactions
    .find((one) => one.emoji === emoji)
    ?.user_ids.includes(client.me?.id ?? "");
  void attempt(() => client.messages.react(item.message.id, emoji, !mine));
}

export function startReply({ conversationId, item }: MessageRowProps): void {
  setComposeMode(conversationId, { kind: "reply", item });
}

export function startEdit({ conversationId, item }: MessageRowProps): void {
  setComposeMode(conversationId, { kind: "edit", item });
}

export const mayEdit = ({ item, writable }: MessageRowProps) =>
  item.mine && writable && item.message.type === "text";
const mayDelete = ({ item, moderator }: MessageRowProps) => item.mine || moderator;

export function menuOf(props: MessageRowProps): MenuItem[] {
  const { item, kind } = props;
  const items: MenuItem[] = [];
  if (navigator.clipboard)
    items.push({ label: t.message.copy, icon: "copy", onSelect: () => copy(item), testId: "copy" });
  if (item.mine && kind !== "private") {
    items.push({
      label: t.message.seenBy,
      icon: "eye",
      onSelect: () => openDialog({ kind: "readers", message: item.message }),
      testId: "seen-by",
    });
  }
  if (mayDelete(props)) {
    items.push({
      label: t.message.delete,
      icon: "trash",
      onSelect: () => confirmDelete(item),
      danger: true,
      testId: "delete",
    });
  }
  return items;
}

async function copy(item: TimelineItem): Promise<void> {
  if (await attempt(() => navigator.clipboard.writeText(item.message.content))) showToast(t.message.copied);
}

function confirmDelete(item: TimelineItem): void {
  openDialog({
    kind: "confirm",
    title: t.message.deleteTitle,
    text: t.message.deleteText,
    action: t.message.delete,
    run: () => attempt(() => client.messages.delete(item.message.id)),
  });
}
