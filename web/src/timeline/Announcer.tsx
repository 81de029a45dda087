import { useEffect, useState } from "preact/hooks";
import { nameOf } from "../conversations/naming";
import { client } from "../state/client";
import { t } from "../strings";
import { previewText } from "../text/parse";

/** Reads new messages of the open conversation out; history that is loaded stays silent. */
export function Announcer({ conversationId }: { conversationId: string }) {
  const [text, setText] = useState("");
  useEffect(
    () =>
      client.on("incoming", (message) => {
        if (message.conversation_id !== conversationId) return;
        const sender = message.sender_id ? nameOf(client.users.get(message.sender_id)) : t.appName;
        setText(`${sender}: ${previewText(message.content)}`);
      }),
    [conversationId],
  );
  return (
    <div class="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {text}
    </div>
  );
}
