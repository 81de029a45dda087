import { useEffect, useState } from "preact/hooks";
import { nameOf } from "../conversations/naming";
import { summaryOf } from "../files/describe";
import { client } from "../state/client";
import { t } from "../strings";

/** Reads new messages of the open conversation out; history that is loaded stays silent. */
export function Announcer({ conversationId }: { conversationId: string }) {
  const [text, setText] = useState("");
  useEffect(
    () =>
      client.on("incoming", (message) => {
        if (message.conversation_id !== conversationId) return;
        const sender = message.sender_id ? nameOf(client.users.get(message.sender_id)) : t.appName;
        setText(`${sender}: ${summaryOf(message)}`);
      }),
    [conversationId],
  );
  return (
    <div class="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {text}
    </div>
  );
}
