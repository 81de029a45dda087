import { useState } from "preact/hooks";
import type { User } from "../client";
import { titleOf } from "../conversations/naming";
import { client, useConversation } from "../state/client";
import { closeDialog } from "../state/dialogs";
import { explain } from "../state/errors";
import { t } from "../strings";
import { Dialog } from "../ui/Dialog";
import { FormError } from "../ui/FormError";
import { PeoplePicker } from "./PeoplePicker";

export function AddPeopleDialog({ conversationId }: { conversationId: string }) {
  const conversation = useConversation(conversationId);
  const [people, setPeople] = useState<User[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const present = (client.conversations.members(conversationId) ?? []).map(({ user }) => user.id);
  const add = async () => {
    setBusy(true);
    try {
      await client.conversations.addMembers(
        conversationId,
        people.map(({ id }) => id),
      );
      closeDialog();
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  };
  const footer = (
    <>
      <button type="button" class="button" onClick={closeDialog}>
        {t.dialog.cancel}
      </button>
      <button
        type="button"
        class="button button-primary"
        disabled={busy || people.length === 0}
        onClick={add}
        data-testid="add"
      >
        {busy ? t.create.working : t.create.add}
      </button>
    </>
  );
  return (
    <Dialog
      title={t.create.addTitle(conversation ? titleOf(conversation) : "")}
      onClose={closeDialog}
      footer={footer}
      testId="add-people-dialog"
    >
      <FormError text={problem} />
      <PeoplePicker chosen={people} onChange={setPeople} exclude={present} focus />
    </Dialog>
  );
}
