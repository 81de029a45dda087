import { useEffect, useState } from "preact/hooks";
import type { Message, User } from "../client";
import { faceOf, nameOf } from "../conversations/naming";
import { client } from "../state/client";
import { closeDialog } from "../state/dialogs";
import { explain } from "../state/errors";
import { t } from "../strings";
import { Avatar } from "../ui/Avatar";
import { Dialog } from "../ui/Dialog";
import { FormError } from "../ui/FormError";

/** "Seen by": asks again when somebody's watermark moves while it is open. */
export function ReadersDialog({ message }: { message: Message }) {
  const [readers, setReaders] = useState<User[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const load = () =>
      client.messages.readers(message.id).then(
        (page) => setReaders(page.items.filter(({ id }) => id !== client.me?.id)),
        (error) => setProblem(explain(error)),
      );
    void load();
    return client.on(`receipts:${message.conversation_id}`, () => void load());
  }, [message.id]);
  return (
    <Dialog title={t.message.seenBy} onClose={closeDialog} small testId="readers-dialog">
      <FormError text={problem} />
      {!readers && !problem && <div class="skeleton skeleton-member" />}
      {readers?.length === 0 && <p class="people-none">{t.message.seenByNone}</p>}
      <ul class="people">
        {readers?.map((user) => (
          <li key={user.id} class="person" data-testid="reader" data-username={user.username}>
            <Avatar {...faceOf(user)} size="s" />
            <bdi class="truncate">{nameOf(user)}</bdi>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
