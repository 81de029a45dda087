/** Files in words. */
import type { Attachment, Message } from "../client";
import { t } from "../strings";
import { previewText } from "../text/parse";
import { SHOWABLE } from "./pending";

export const isPicture = (attachment: Attachment) => SHOWABLE.includes(attachment.media_type);

/** One line for lists and quotes: its text, or what files it holds. */
export function summaryOf(message: Pick<Message, "content" | "attachments">): string {
  if (message.content.trim() !== "" || message.attachments.length === 0) return previewText(message.content);
  const { attachments } = message;
  const [first] = attachments;
  if (attachments.every(isPicture))
    return attachments.length === 1 ? t.files.photo : t.files.photos(attachments.length);
  return attachments.length === 1 && first ? first.name : t.files.some(attachments.length);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** "1.4 MB", in the language of the page. */
export function fileSize(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const format = new Intl.NumberFormat(t.locale, {
    style: "unit",
    unit: UNITS[power] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: 1,
  });
  return format.format(bytes / 1000 ** power);
}
