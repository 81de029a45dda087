import { useEffect } from "preact/hooks";
import { Splash } from "../app/Splash";
import { ChatError } from "../client";
import { client } from "../state/client";
import { go } from "../state/route";
import { t } from "../strings";
import { showToast } from "../ui/toasts";

/** Back from a provider: takes the session that waits, once. */
export function Returning() {
  useEffect(() => void complete(), []);
  return <Splash />;
}

async function complete(): Promise<void> {
  try {
    await client.completeSignIn();
    go({ page: "chats" }, true);
  } catch (error) {
    const code = error instanceof ChatError ? error.code : "";
    const problem = code in t.auth.problems ? code : "oauth_failed";
    if (!client.me) return go({ page: "sign-in", problem }, true);
    showToast(t.auth.problems[problem] ?? t.auth.problemOther, true);
    go({ page: "chats" }, true);
  }
}
