import { forgetBlobs } from "../files/blobs";
import { forgetFiles } from "../files/pending";
import { client, endedBy, session } from "../state/client";
import { closeDialog } from "../state/dialogs";
import { forgetDrafts } from "../state/drafts";
import { go, route } from "../state/route";

const FOR_STRANGERS = ["sign-in", "sign-up", "forgot-password"];

/** Pages that themselves lead on. */
const ON_THEIR_OWN = ["signed-in", "reset-password", "verify-email"];

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
  if (FOR_STRANGERS.includes(route.peek().page)) go({ page: "chats" }, true);
}

function signedOut(code: string): void {
  endedBy.value = code === "logged_out" ? null : code;
  closeDialog();
  forgetDrafts();
  forgetFiles();
  forgetBlobs();
  session.value = "signed-out";
  if (!ON_THEIR_OWN.includes(route.peek().page)) go({ page: "sign-in" }, true);
}
