import { useEffect, useRef, useState } from "preact/hooks";
import type { Conversation } from "../client";
import { titleOf } from "../conversations/naming";
import { mayWrite } from "../details/permissions";
import { AttachButton } from "../files/AttachButton";
import { PendingFiles } from "../files/PendingFiles";
import { addFiles, pendingFiles } from "../files/pending";
import { useFileDrop } from "../files/useFileDrop";
import { client } from "../state/client";
import { type ComposeMode, composeMode, endCompose } from "../state/compose";
import { drafts, saveDraft } from "../state/drafts";
import { t } from "../strings";
import { IconButton } from "../ui/IconButton";
import { CannotWrite } from "./CannotWrite";
import { ComposeContext } from "./ComposeContext";
import { editLastOwn, submit } from "./submit";
import { useAutosize } from "./useAutosize";

/** The server's default bound; it has the last word. */
export const MAX_LENGTH = 20_000;
const TELL_BELOW = 500;

export function Composer({ conversation }: { conversation: Conversation }) {
  return mayWrite(conversation) ? (
    <WritingComposer conversation={conversation} />
  ) : (
    <CannotWrite conversation={conversation} />
  );
}

function WritingComposer({ conversation }: { conversation: Conversation }) {
  const { id } = conversation;
  const mode = composeMode(id);
  const [text, setText] = useState(() => startingText(id, mode));
  const field = useRef<HTMLTextAreaElement>(null);
  useAutosize(field, text);
  useEffect(() => {
    if (mode.kind !== "reply") setText(startingText(id, mode));
    if (mode.kind !== "write" || !matchMedia("(hover: none)").matches) focusAtEnd(field.current);
  }, [mode]);
  useEffect(() => () => client.typing.set(id, false), [id]);

  const left = MAX_LENGTH - [...text].length;
  const writes = mode.kind !== "edit";
  const files = writes ? pendingFiles(id) : [];
  const dropping = useFileDrop(id, writes);
  const complete = files.every(({ state }) => state === "sent");
  const ready = (text.trim() !== "" || files.length > 0) && complete && left >= 0;
  const write = (next: string) => {
    setText(next);
    if (mode.kind === "edit") return;
    saveDraft(id, next);
    client.typing.set(id, next.trim() !== "");
  };
  const send = async () => {
    if (!ready || !(await submit(id, mode, text.trim()))) return;
    if (mode.kind !== "edit") write("");
    endCompose(id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    } else if (event.key === "Escape" && mode.kind !== "write") endCompose(id);
    else if (event.key === "ArrowUp" && text === "" && mode.kind === "write" && editLastOwn(id))
      event.preventDefault();
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData?.files;
    // Text from an office program comes with a picture of itself: the text is meant.
    if (!writes || !pasted?.length || event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    addFiles(id, pasted);
  };
  return (
    <form
      class={`composer composer-${mode.kind}`}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {dropping && <p class="drop-hint">{t.files.drop}</p>}
      {writes && <PendingFiles conversationId={id} />}
      <ComposeContext conversationId={id} mode={mode} />
      <div class={dropping ? "composer-line composer-drop" : "composer-line"}>
        {writes && <AttachButton conversationId={id} />}
        <textarea
          ref={field}
          class="composer-field scroller"
          rows={1}
          dir="auto"
          value={text}
          aria-label={t.composer.label}
          aria-describedby="composer-help"
          placeholder={t.composer.placeholder(titleOf(conversation))}
          enterkeyhint="send"
          onInput={(event) => write(event.currentTarget.value)}
          onBlur={() => client.typing.set(id, false)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          data-testid="composer"
        />
        <IconButton
          class="send-button"
          type="submit"
          icon={mode.kind === "edit" ? "check" : "send"}
          label={mode.kind === "edit" ? t.composer.save : t.composer.send}
          disabled={!ready}
          testId="send"
        />
      </div>
      <p id="composer-help" class="visually-hidden">
        {t.composer.help}
      </p>
      {left < TELL_BELOW && (
        <p
          class={left < 0 ? "composer-left composer-over" : "composer-left"}
          role="status"
          data-testid="length-limit"
        >
          {t.composer.left(left)}
        </p>
      )}
    </form>
  );
}

function startingText(id: string, mode: ComposeMode): string {
  return mode.kind === "edit" ? mode.item.message.content : (drafts.peek()[id] ?? "");
}

function focusAtEnd(field: HTMLTextAreaElement | null): void {
  if (!field || document.querySelector("dialog[open]")) return;
  field.focus();
  requestAnimationFrame(() => field.setSelectionRange(field.value.length, field.value.length));
}
