import { useEffect } from "preact/hooks";
import { Composer } from "../composer/Composer";
import { client, useConversation, useLive } from "../state/client";
import { go } from "../state/route";
import { t } from "../strings";
import { Timeline } from "../timeline/Timeline";
import { TimelineSkeleton } from "../timeline/TimelineParts";
import { TypingIndicator } from "../timeline/TypingIndicator";
import { ConversationHeader } from "./ConversationHeader";

interface ConversationViewProps {
  id: string;
  target: number | null;
  detailsOpen: boolean;
}

export function ConversationView({ id, target, detailsOpen }: ConversationViewProps) {
  const conversation = useConversation(id);
  const ready = useLive(["conversations", "status"], () => client.conversations.ready);
  const known = conversation !== undefined;
  useEffect(() => (known ? client.timelines.open(id) : undefined), [id, known]);
  if (!conversation) return ready ? <NotFound /> : <TimelineSkeleton />;
  return (
    <section
      class="conversation"
      aria-labelledby="conversation-title"
      data-testid="conversation"
      data-conversation-id={id}
    >
      <ConversationHeader conversation={conversation} detailsOpen={detailsOpen} />
      <Timeline conversation={conversation} target={target} />
      <TypingIndicator conversationId={id} />
      <Composer conversation={conversation} />
    </section>
  );
}

function NotFound() {
  return (
    <section class="empty" data-testid="conversation-not-found">
      <h1>{t.chat.notFoundTitle}</h1>
      <p>{t.chat.notFoundText}</p>
      <button type="button" class="button" onClick={() => go({ page: "chats" }, true)}>
        {t.chat.backToList}
      </button>
    </section>
  );
}
