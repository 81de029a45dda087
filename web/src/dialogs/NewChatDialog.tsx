import { useState } from "preact/hooks";
import type { User } from "../client";
import { client } from "../state/client";
import { closeDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { conversationRoute, go } from "../state/route";
import { t } from "../strings";
import { Dialog } from "../ui/Dialog";
import { PeopleResults } from "./PeopleResults";
import { SearchPeople } from "./SearchPeople";
import { usePeople } from "./usePeople";

export function NewChatDialog() {
  const [q, setQ] = useState("");
  const found = usePeople(q);
  const start = (user: User) =>
    attempt(async () => {
      const conversation = await client.conversations.createPrivate(user.id);
      closeDialog();
      go(conversationRoute(conversation.id));
    });
  return (
    <Dialog title={t.create.chatTitle} onClose={closeDialog} testId="new-chat-dialog">
      <div class="people-picker">
        <SearchPeople q={q} onInput={setQ} focus />
        <PeopleResults {...found} q={q} onPick={start} />
      </div>
    </Dialog>
  );
}
