import { nameOf } from "../conversations/naming";
import { summaryOf } from "../files/describe";
import { client } from "../state/client";
import { type ComposeMode, endCompose } from "../state/compose";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { IconButton } from "../ui/IconButton";

/** What is being answered or edited, above the field. */
export function ComposeContext({ conversationId, mode }: { conversationId: string; mode: ComposeMode }) {
  if (mode.kind === "write") return null;
  const { message, mine } = mode.item;
  const name = mine ? t.list.you : nameOf(client.users.get(message.sender_id ?? ""));
  return (
    <div class="compose-context" data-testid={`composing-${mode.kind}`}>
      <Icon name={mode.kind} />
      <div class="compose-context-text">
        <strong>
          <bdi>{mode.kind === "edit" ? t.composer.editing : t.composer.replying(name)}</bdi>
        </strong>
        <span class="truncate" dir="auto">
          {summaryOf(message)}
        </span>
      </div>
      <IconButton
        icon="close"
        label={t.composer.cancel}
        onClick={() => endCompose(conversationId)}
        testId="cancel-compose"
      />
    </div>
  );
}
