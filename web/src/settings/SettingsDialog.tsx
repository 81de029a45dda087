import { closeDialog } from "../state/dialogs";
import { t } from "../strings";
import { Dialog } from "../ui/Dialog";
import { Appearance } from "./Appearance";
import { PasswordForm } from "./PasswordForm";
import { ProfileForm } from "./ProfileForm";
import { SessionActions } from "./SessionActions";

export function SettingsDialog() {
  return (
    <Dialog title={t.settings.title} onClose={closeDialog} testId="settings-dialog">
      <ProfileForm />
      <Appearance />
      <PasswordForm />
      <SessionActions />
    </Dialog>
  );
}
