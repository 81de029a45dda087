import { client } from "../state/client";
import { closeDialog, openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { t } from "../strings";
import { Icon } from "../ui/Icon";

function signOut(everywhere: boolean): Promise<boolean> {
  closeDialog();
  return attempt(() => client.logout({ everywhere }));
}

/** Signing out forgets unsent messages: asks first when there are any. */
function askThenSignOut(everywhere: boolean): void {
  const waiting = client.messages.pending().length;
  if (!everywhere && waiting === 0) return void signOut(false);
  const text = [everywhere && t.settings.signOutAllText, waiting > 0 && t.settings.signOutPending(waiting)];
  openDialog({
    kind: "confirm",
    title: everywhere ? t.settings.signOutAllTitle : t.settings.signOutPendingTitle,
    text: text.filter(Boolean).join(" "),
    action: everywhere ? t.settings.signOutAll : t.settings.signOut,
    run: () => signOut(everywhere),
  });
}

export function SessionActions() {
  return (
    <section class="settings-section settings-session">
      <button type="button" class="row-button" onClick={() => askThenSignOut(false)} data-testid="sign-out">
        <Icon name="leave" /> {t.settings.signOut}
      </button>
      <button
        type="button"
        class="row-button row-button-danger"
        onClick={() => askThenSignOut(true)}
        data-testid="sign-out-everywhere"
      >
        <Icon name="leave" /> {t.settings.signOutAll}
      </button>
    </section>
  );
}
