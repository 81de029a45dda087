import type { TimelineItem } from "../client";
import { client } from "../state/client";
import { explain } from "../state/errors";
import { t } from "../strings";

/** Why a message was not sent, and the two ways on. */
export function FailedNote({ item }: { item: TimelineItem }) {
  const id = item.message.client_msg_id;
  if (!id) return null;
  return (
    <div class="failed-note" role="alert">
      <span>
        {t.message.failedNote} {item.error && explain(item.error)}
      </span>
      <button type="button" class="link-button" onClick={() => client.messages.retry(id)} data-testid="retry">
        {t.message.retry}
      </button>
      <button
        type="button"
        class="link-button"
        onClick={() => client.messages.discard(id)}
        data-testid="discard"
      >
        {t.message.discard}
      </button>
    </div>
  );
}
