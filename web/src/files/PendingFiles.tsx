import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { IconButton } from "../ui/IconButton";
import { fileSize } from "./describe";
import { type PendingFile, pendingFiles, removeFile, retryFile } from "./pending";

/** What was chosen, above the field. */
export function PendingFiles({ conversationId }: { conversationId: string }) {
  const files = pendingFiles(conversationId);
  if (files.length === 0) return null;
  return (
    <ul class="pending-files scroller" aria-label={t.files.attached} data-testid="pending-files">
      {files.map((one) => (
        <li key={one.key} class="pending-file" data-testid="pending-file" data-state={one.state}>
          <Chip conversationId={conversationId} one={one} />
        </li>
      ))}
    </ul>
  );
}

function Chip({ conversationId, one }: { conversationId: string; one: PendingFile }) {
  const { name, size } = one.file;
  return (
    <>
      {one.preview ? <img class="pending-preview" src={one.preview} alt="" /> : <Icon name="file" />}
      <span class="pending-text">
        <bdi class="truncate">{name}</bdi>
        {one.state === "failed" ? (
          <span class="pending-bad" role="alert" title={one.error}>
            {one.error ?? t.files.failed}
          </span>
        ) : one.state === "sent" ? (
          <span class="pending-size">{fileSize(size)}</span>
        ) : (
          <progress value={one.progress} aria-label={t.files.sending(name, Math.round(one.progress * 100))} />
        )}
      </span>
      {one.state === "failed" && (
        <IconButton
          icon="refresh"
          label={t.files.retry(name)}
          onClick={() => retryFile(conversationId, one.key)}
          testId="retry-file"
        />
      )}
      <IconButton
        icon="close"
        label={t.files.remove(name)}
        onClick={() => removeFile(conversationId, one.key)}
        testId="remove-file"
      />
    </>
  );
}
