import { useEffect } from "preact/hooks";
import type { Conversation } from "../client";
import { faceOfConversation, titleOf } from "../conversations/naming";
import { usePresenceText } from "../conversations/usePresenceText";
import { client, useConversation, useLive, useStatusOf } from "../state/client";
import { attempt } from "../state/errors";
import { conversationRoute, goBack } from "../state/route";
import { t } from "../strings";
import { shortDate } from "../time/format";
import { Avatar } from "../ui/Avatar";
import { IconButton } from "../ui/IconButton";
import { DetailsActions } from "./DetailsActions";
import { MemberList } from "./MemberList";
import { mayRename } from "./permissions";
import { RenameTitle } from "./RenameTitle";

export function DetailsPanel({ id }: { id: string }) {
  const conversation = useConversation(id);
  if (!conversation) return null;
  const close = () => goBack(conversationRoute(id));
  return (
    <aside class="details" aria-label={t.details.title} data-testid="details-panel">
      <header class="details-header">
        <IconButton
          class="details-close"
          icon="close"
          label={t.details.close}
          onClick={close}
          testId="close-details"
        />
        <h2>{t.details.title}</h2>
      </header>
      <div class="details-body scroller">
        <Summary conversation={conversation} />
        {conversation.kind !== "private" && <Members conversation={conversation} />}
        <DetailsActions conversation={conversation} />
      </div>
    </aside>
  );
}

function Summary({ conversation }: { conversation: Conversation }) {
  const { kind, peer, member_count, created_at } = conversation;
  const status = useStatusOf(peer);
  const presence = usePresenceText(peer);
  const title = titleOf(conversation);
  return (
    <div class="details-summary">
      <Avatar {...faceOfConversation(conversation)} size="l" status={status} />
      {mayRename(conversation) ? (
        <RenameTitle conversation={conversation} />
      ) : (
        <h3>
          <bdi>{title}</bdi>
        </h3>
      )}
      <p class="details-note">
        {peer ? <bdi>@{peer.username}</bdi> : `${t.kind[kind] ?? kind} · ${t.list.members(member_count)}`}
      </p>
      <p class="details-note">{peer ? presence : t.details.created(shortDate(created_at))}</p>
    </div>
  );
}

function Members({ conversation }: { conversation: Conversation }) {
  const { id, member_count } = conversation;
  const members = useLive([`members:${id}`], () => client.conversations.members(id));
  useEffect(() => void attempt(() => client.conversations.loadMembers(id)), [id, member_count]);
  return <MemberList conversation={conversation} members={members} />;
}
