import { useState } from "preact/hooks";
import type { User } from "../client";
import { client } from "../state/client";
import { closeDialog } from "../state/dialogs";
import { fieldErrors } from "../state/errors";
import { conversationRoute, go } from "../state/route";
import { t } from "../strings";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { PeoplePicker } from "./PeoplePicker";

const texts = {
  group: { title: t.create.groupTitle, name: t.create.groupName, action: t.create.createGroup },
  room: { title: t.create.roomTitle, name: t.create.roomName, action: t.create.createRoom },
};

export function NewGroupDialog({ kind }: { kind: "group" | "room" }) {
  const [title, setTitle] = useState("");
  const [people, setPeople] = useState<User[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const text = texts[kind];
  const create = async (event: Event) => {
    event.preventDefault();
    if (title.trim() === "") return setProblem(t.create.nameNeeded);
    setBusy(true);
    try {
      const ids = people.map(({ id }) => id);
      const api = client.conversations;
      const made = await (kind === "group"
        ? api.createGroup(title.trim(), ids)
        : api.createRoom(title.trim(), ids));
      closeDialog();
      go(conversationRoute(made.id));
    } catch (error) {
      const { fields, general } = fieldErrors(error, ["title"]);
      setProblem(fields.title ?? general);
      setBusy(false);
    }
  };
  const footer = (
    <>
      <button type="button" class="button" onClick={closeDialog}>
        {t.dialog.cancel}
      </button>
      <button
        type="submit"
        form="new-group"
        class="button button-primary"
        disabled={busy}
        data-testid="create"
      >
        {busy ? t.create.working : text.action}
      </button>
    </>
  );
  return (
    <Dialog title={text.title} onClose={closeDialog} footer={footer} testId={`new-${kind}-dialog`}>
      <form id="new-group" class="form" onSubmit={create}>
        {kind === "room" && <p class="form-lead">{t.create.roomText}</p>}
        <FormError text={problem} />
        <Field
          label={text.name}
          name="title"
          value={title}
          onInput={setTitle}
          autoFocus
          input={{ maxLength: 120 }}
          testId="title"
        />
        <div class="field">
          <span class="field-label">
            {t.create.people} <span class="field-optional">({t.auth.optional})</span>
          </span>
          <PeoplePicker chosen={people} onChange={setPeople} />
        </div>
      </form>
    </Dialog>
  );
}
