import { useState } from "preact/hooks";
import type { Conversation } from "../client";
import { titleOf } from "../conversations/naming";
import { client } from "../state/client";
import { attempt } from "../state/errors";
import { t } from "../strings";
import { IconButton } from "../ui/IconButton";

export function RenameTitle({ conversation }: { conversation: Conversation }) {
  const [title, setTitle] = useState<string | null>(null);
  if (title === null) {
    return (
      <div class="details-title">
        <h3>
          <bdi>{titleOf(conversation)}</bdi>
        </h3>
        <IconButton
          icon="edit"
          label={t.details.rename}
          onClick={() => setTitle(conversation.title ?? "")}
          testId="rename"
        />
      </div>
    );
  }
  const save = async (event: Event) => {
    event.preventDefault();
    const next = title.trim();
    const same = next === "" || next === conversation.title;
    if (same || (await attempt(() => client.conversations.rename(conversation.id, next)))) setTitle(null);
  };
  return (
    <form class="rename-form" onSubmit={save}>
      <input
        type="text"
        value={title}
        maxLength={120}
        aria-label={t.details.name}
        ref={(input) => input?.focus()}
        onInput={(event) => setTitle(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && setTitle(null)}
        data-testid="rename-field"
      />
      <IconButton icon="check" label={t.details.save} type="submit" testId="rename-save" />
    </form>
  );
}
