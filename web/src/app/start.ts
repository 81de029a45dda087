import { client, endedBy, session } from "../state/client";
import { closeDialog } from "../state/dialogs";
import { forgetDrafts } from "../state/drafts";
import { go, route } from "../state/route";

/** Restores the session and keeps page and session together from then on. */
export async function start(): Promise<void> {
  client.on("session", () => client.me && signedIn());
  client.on("signed_out", ({ code }) => signedOut(code));
  const restored = await client.start().catch(() => false);
  if (restored || client.me) signedIn();
  else session.value = "signed-out";
}

function signedIn(): void {
  endedBy.value = null;
  session.value = "signed-in";
  if (route.peek().page === "sign-in" || route.peek().page === "sign-up") go({ page: "chats" }, true);
}

function signedOut(code: string): void {
  endedBy.value = code === "logged_out" ? null : code;
  closeDialog();
  forgetDrafts();
  session.value = "signed-out";
  go({ page: "sign-in" }, true);
}
