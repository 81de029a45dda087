import { nameOf } from "../conversations/naming";
import { summaryOf } from "../files/describe";
import { client, useUser } from "../state/client";
import { t } from "../strings";
import { hueFor } from "../ui/identity";
import type { MessageRowProps } from "./props";
import { useQuoted } from "./quotes";

export function ReplyQuote({ conversationId, replyToId, jumpTo }: MessageRowProps & { replyToId: string }) {
  const message = useQuoted(conversationId, replyToId);
  const sender = useUser(message?.sender_id ?? null);
  if (!message) return <div class="quote quote-gone">{t.chat.replyUnknown}</div>;
  const name = message.sender_id === client.me?.id ? t.list.you : nameOf(sender);
  return (
    <button
      type="button"
      class={`quote hue-${hueFor(message.sender_id ?? "", sender?.avatar_hue)}`}
      onClick={() => jumpTo(message.seq)}
      title={t.chat.jumpToOriginal}
      data-testid="reply-quote"
    >
      <bdi class="quote-name">{name}</bdi>
      <span class="quote-text" dir="auto">
        {message.deleted_at ? t.chat.replyGone : summaryOf(message)}
      </span>
    </button>
  );
}
