import type { Conversation, OutboxItem } from "../client";
import { summaryOf } from "../files/describe";
import { client, useConversation, useLive, useStatusOf, useTyping, useUser } from "../state/client";
import { drafts } from "../state/drafts";
import { conversationRoute, formatRoute } from "../state/route";
import { t } from "../strings";
import { previewText } from "../text/parse";
import { fullTime, listTime } from "../time/format";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { faceOfConversation, nameOf, titleOf } from "./naming";

export function ConversationItem({ id, current }: { id: string; current: boolean }) {
  const conversation = useConversation(id);
  const status = useStatusOf(conversation?.peer);
  if (!conversation) return null;
  const { unread, last_message } = conversation;
  const at = last_message?.created_at ?? conversation.created_at;
  return (
    <li>
      <a
        class={`conversation-item${unread > 0 ? " has-unread" : ""}`}
        href={formatRoute(conversationRoute(id))}
        aria-current={current ? "page" : undefined}
        data-testid="conversation-item"
        data-conversation-id={id}
      >
        <Avatar {...faceOfConversation(conversation)} status={status} />
        <span class="conversation-item-title truncate">
          <bdi>{titleOf(conversation)}</bdi>
        </span>
        <time class="conversation-item-time" dateTime={at} title={fullTime(at)}>
          {listTime(at)}
        </time>
        <Preview conversation={conversation} current={current} />
        {unread > 0 && (
          <span class="badge" data-testid="unread-badge" data-unread={unread}>
            <span aria-hidden="true">{unread > 99 ? "99+" : unread}</span>
            <span class="visually-hidden">{t.list.unread(unread)}</span>
          </span>
        )}
      </a>
    </li>
  );
}

/** One line: who types, a draft, a failed message, or the last message. */
function Preview({ conversation, current }: { conversation: Conversation; current: boolean }) {
  const { id, peer, last_message } = conversation;
  const typists = useTyping(id);
  const unsent = useLive(["outbox"], () => client.messages.pending(id).at(-1));
  const sender = useUser(last_message?.sender_id ?? null);
  const draft = drafts.value[id];
  if (typists.length > 0) {
    const text = peer ? t.list.typing : t.list.personTyping(nameOf(client.users.get(typists[0] ?? "")));
    return (
      <span class="preview preview-live truncate" data-testid="typing-hint">
        {text}
      </span>
    );
  }
  if (unsent?.state === "failed") return <MarkedPreview mark={t.list.failed} text={unsentText(unsent)} bad />;
  if (draft && !current) return <MarkedPreview mark={t.list.draft} text={draft} />;
  if (unsent) return <MarkedPreview mark={`${t.list.you}:`} text={unsentText(unsent)} plain />;
  if (!last_message) return <span class="preview truncate">{t.list.noMessages}</span>;
  if (last_message.deleted_at) return <span class="preview preview-faint truncate">{t.list.deleted}</span>;
  const mine = last_message.sender_id === client.me?.id;
  const who = mine ? t.list.you : !peer && sender ? nameOf(sender) : null;
  return (
    <span class="preview truncate" dir="auto">
      {who && <bdi>{who}: </bdi>}
      <bdi>{summaryOf(last_message)}</bdi>
    </span>
  );
}

function unsentText({ content, attachments = [] }: OutboxItem): string {
  return summaryOf({ content, attachments });
}

interface MarkedPreviewProps {
  mark: string;
  text: string;
  bad?: boolean;
  plain?: boolean;
}

function MarkedPreview({ mark, text, bad = false, plain = false }: MarkedPreviewProps) {
  return (
    <span class="preview truncate" dir="auto">
      <span class={bad ? "preview-bad" : plain ? undefined : "preview-mark"}>
        {bad && <Icon name="alert" />}
        {mark}
      </span>{" "}
      <bdi>{previewText(text)}</bdi>
    </span>
  );
}
