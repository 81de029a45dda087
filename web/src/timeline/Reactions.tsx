import type { Reaction } from "../client";
import { nameOf } from "../conversations/naming";
import { client } from "../state/client";
import { t } from "../strings";
import { toggleReaction } from "./actions";
import type { MessageRowProps } from "./props";

export function Reactions({ item, writable }: MessageRowProps) {
  const me = client.me?.id ?? "";
  return (
    <ul class="reactions">
      {item.message.reactions.map((reaction) => (
        <li key={reaction.emoji}>
          <button
            type="button"
            class="reaction"
            aria-pressed={reaction.user_ids.includes(me)}
            title={namesOf(reaction)}
            disabled={!writable}
            onClick={() => toggleReaction(item, reaction.emoji)}
            data-testid="reaction"
            data-emoji={reaction.emoji}
            data-count={reaction.count}
          >
            <span>{reaction.emoji}</span>
            <span class="reaction-count">{reaction.count}</span>
            <span class="visually-hidden">{t.message.reactionBy(namesOf(reaction))}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function namesOf({ user_ids, count }: Reaction): string {
  const me = client.me?.id;
  const names = user_ids.slice(0, 12).map((id) => (id === me ? t.list.you : nameOf(client.users.get(id))));
  return names.join(", ") + (count > names.length ? ` +${count - names.length}` : "");
}
