import { nameOf } from "../conversations/naming";
import { client, useTyping } from "../state/client";
import { t } from "../strings";

export function typingText(names: readonly string[]): string {
  const [a, b] = names;
  if (a === undefined) return "";
  if (b === undefined) return t.chat.typingOne(a);
  return names.length === 2 ? t.chat.typingTwo(a, b) : t.chat.typingMany;
}

/** Always there, so that nothing moves when somebody starts to type. */
export function TypingIndicator({ conversationId }: { conversationId: string }) {
  const users = useTyping(conversationId);
  const text = typingText(users.map((id) => nameOf(client.users.get(id))));
  return (
    <div class="typing" aria-live="off">
      {text && (
        <span data-testid="typing-indicator">
          <span class="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <bdi>{text}</bdi>
        </span>
      )}
    </div>
  );
}
