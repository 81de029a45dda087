import type { Conversation } from "../client";
import { useStatusOf, useTyping } from "../state/client";
import { conversationRoute, detailsRoute, go, goBack } from "../state/route";
import { t } from "../strings";
import { Avatar } from "../ui/Avatar";
import { IconButton } from "../ui/IconButton";
import { faceOfConversation, titleOf } from "./naming";
import { usePresenceText } from "./usePresenceText";

interface HeaderProps {
  conversation: Conversation;
  detailsOpen: boolean;
}

export function ConversationHeader({ conversation, detailsOpen }: HeaderProps) {
  const { id, peer } = conversation;
  const status = useStatusOf(peer);
  const toggle = () => (detailsOpen ? goBack(conversationRoute(id)) : go(detailsRoute(id)));
  return (
    <header class="conversation-header">
      <IconButton
        class="back-button"
        icon="back"
        label={t.chat.back}
        onClick={() => go({ page: "chats" })}
        testId="back"
      />
      <button type="button" class="conversation-heading" onClick={toggle} aria-expanded={detailsOpen}>
        <Avatar {...faceOfConversation(conversation)} size="s" status={status} />
        <span class="conversation-heading-text">
          <h1 id="conversation-title" class="truncate" data-testid="conversation-title">
            <bdi>{titleOf(conversation)}</bdi>
          </h1>
          <Subtitle conversation={conversation} />
        </span>
      </button>
      <IconButton
        icon="panel"
        label={t.chat.details}
        pressed={detailsOpen}
        onClick={toggle}
        testId="details"
      />
    </header>
  );
}

/** Presence and last seen of a person; size of everything else. */
function Subtitle({ conversation }: { conversation: Conversation }) {
  const { peer, kind, member_count, topic } = conversation;
  const text = usePresenceText(peer);
  const typing = useTyping(conversation.id).length > 0;
  if (typing && peer) return <span class="subtitle subtitle-live">{t.list.typing}</span>;
  if (!peer) {
    const size = t.list.members(member_count);
    return (
      <span class="subtitle truncate">
        {topic ? `${size} · ${topic}` : `${t.kind[kind] ?? kind} · ${size}`}
      </span>
    );
  }
  return (
    <span class="subtitle truncate" data-testid="presence-text">
      {text}
    </span>
  );
}
