import type { Conversation } from "../client";
import { titleOf } from "../conversations/naming";
import { client } from "../state/client";
import { openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { go } from "../state/route";
import { t } from "../strings";
import { Icon, type IconName } from "../ui/Icon";
import { mayDelete, mayLeave } from "./permissions";

/** Archive, leave, delete: what ends with the conversation out of sight. */
export function DetailsActions({ conversation }: { conversation: Conversation }) {
  const { id, archived_at } = conversation;
  const toList = () => go({ page: "chats" });
  const archive = async () => {
    const worked = await attempt(() => client.conversations.setArchived(id, !archived_at));
    if (worked && !archived_at) toList();
  };
  const name = titleOf(conversation);
  const ask = (title: string, text: string, action: string, run: () => Promise<void>) =>
    openDialog({ kind: "confirm", title, text, action, run: async () => (await attempt(run)) && toList() });
  const leave = () =>
    ask(t.details.leaveTitle(name), t.details.leaveText, t.details.leave, () =>
      client.conversations.leave(id),
    );
  const remove = () =>
    ask(t.details.deleteTitle(name), t.details.deleteText, t.details.delete, () =>
      client.conversations.remove(id),
    );
  return (
    <section class="details-section">
      <Action
        icon="archive"
        label={archived_at ? t.details.unarchive : t.details.archive}
        onClick={archive}
        testId="archive"
      />
      {mayLeave(conversation) && (
        <Action icon="leave" label={t.details.leave} onClick={leave} testId="leave" danger />
      )}
      {mayDelete(conversation) && (
        <Action icon="trash" label={t.details.delete} onClick={remove} testId="delete-conversation" danger />
      )}
    </section>
  );
}

interface ActionProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  testId: string;
  danger?: boolean;
}

function Action({ icon, label, onClick, testId, danger }: ActionProps) {
  return (
    <button
      type="button"
      class={danger ? "row-button row-button-danger" : "row-button"}
      onClick={onClick}
      data-testid={testId}
    >
      <Icon name={icon} /> {label}
    </button>
  );
}
