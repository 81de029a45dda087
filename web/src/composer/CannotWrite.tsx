import type { Conversation } from "../client";
import { client, useMay } from "../state/client";
import { attempt } from "../state/errors";
import { t } from "../strings";

export function CannotWrite({ conversation }: { conversation: Conversation }) {
  const guest = useMay("rooms.use") && conversation.kind === "room" && conversation.my_role === null;
  return (
    <div class="composer composer-closed">
      <p>{guest ? t.composer.join : t.composer.readOnly}</p>
      {guest && (
        <button
          type="button"
          class="button button-primary button-small"
          onClick={() => attempt(() => client.conversations.join(conversation.id))}
        >
          {t.list.join}
        </button>
      )}
    </div>
  );
}
