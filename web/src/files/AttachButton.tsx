import { useRef } from "preact/hooks";
import { t } from "../strings";
import { IconButton } from "../ui/IconButton";
import { addFiles } from "./pending";

export function AttachButton({ conversationId }: { conversationId: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        data-testid="file-input"
        onChange={({ currentTarget }) => {
          addFiles(conversationId, currentTarget.files ?? []);
          currentTarget.value = ""; // so that the same file can be chosen again
        }}
      />
      <IconButton
        class="attach-button"
        icon="attach"
        label={t.files.attach}
        onClick={() => input.current?.click()}
        testId="attach"
      />
    </>
  );
}
