import { useEffect } from "preact/hooks";
import { Splash } from "../app/Splash";
import { ChatError } from "../client";
import { client } from "../state/client";
import { go } from "../state/route";
import { t } from "../strings";
import { showToast } from "../ui/toasts";

/** A cut network or a busy server keeps what waits for us for a minute. */
const ATTEMPTS = 3;
const WAIT_MS = 1_500;

/** Back from a provider: takes the session that waits, once. */
export function Returning() {
  useEffect(() => void complete(1), []);
  return <Splash />;
}

async function complete(attempt: number): Promise<void> {
  try {
    await client.completeSignIn();
    go({ page: "chats" }, true);
  } catch (error) {
    const code = error instanceof ChatError ? error.code : "";
    if (attempt >= ATTEMPTS || (code !== "network" && code !== "unavailable")) return giveUp(code);
    setTimeout(() => void complete(attempt + 1), WAIT_MS);
  }
}

function giveUp(code: string): void {
  const problem = code in t.auth.problems ? code : "oauth_failed";
  if (!client.me) return go({ page: "sign-in", problem }, true);
  showToast(t.auth.problems[problem] ?? t.auth.problemOther, true);
  go({ page: "chats" }, true);
}
