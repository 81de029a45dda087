import { closeDialog, dialog } from "../state/dialogs";
import { Confirm } from "../ui/Confirm";
import { AddPeopleDialog } from "./AddPeopleDialog";
import { NewChatDialog } from "./NewChatDialog";
import { NewGroupDialog } from "./NewGroupDialog";
import { ReadersDialog } from "./ReadersDialog";

export function Dialogs() {
  const state = dialog.value;
  switch (state?.kind) {
    case "new-chat":
      return <NewChatDialog />;
    case "new-group":
      return <NewGroupDialog key="group" kind="group" />;
    case "new-room":
      return <NewGroupDialog key="room" kind="room" />;
    case "add-people":
      return <AddPeopleDialog conversationId={state.conversationId} />;
    case "readers":
      return <ReadersDialog message={state.message} />;
    case "confirm":
      return (
        <Confirm
          title={state.title}
          text={state.text}
          action={state.action}
          onConfirm={async () => void (await state.run())}
          onClose={closeDialog}
        />
      );
    default:
      return null;
  }
}
