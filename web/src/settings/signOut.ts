import { client } from "../state/client";
import { openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { s } from "../strings/settings";

/** Signing out forgets unsent messages: asks first when there are any. */
export function askThenSignOut(): void {
  const waiting = client.messages.pending().length;
  const run = () => attempt(() => client.logout());
  if (waiting === 0) return void run();
  openDialog({
    kind: "confirm",
    title: s.signOutPendingTitle,
    text: s.signOutPending(waiting),
    action: s.signOut,
    run,
  });
}

export function askThenSignOutEverywhere(): void {
  const waiting = client.messages.pending().length;
  openDialog({
    kind: "confirm",
    title: s.devices.allTitle,
    text: waiting > 0 ? `${s.devices.allText} ${s.signOutPending(waiting)}` : s.devices.allText,
    action: s.devices.all,
    run: () => attempt(() => client.logout({ everywhere: true })),
  });
}
