import { useState } from "preact/hooks";
import type { Attachment } from "../client";
import { attempt } from "../state/errors";
import { t } from "../strings";
import { IconButton } from "../ui/IconButton";
import { useModal } from "../ui/useModal";
import { download } from "./blobs";
import { Picture } from "./Picture";

interface ViewerProps {
  pictures: readonly Attachment[];
  /** The id of the one to begin with. */
  start: string;
  onClose: () => void;
}

/** One picture over the whole window; arrow keys lead to the others of the message, Esc closes. */
export function Viewer({ pictures, start, onClose }: ViewerProps) {
  const ref = useModal();
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      pictures.findIndex(({ id }) => id === start),
    ),
  );
  const picture = pictures[at] ?? pictures[0];
  if (!picture) return null;
  const go = (step: number) => setAt((now) => Math.min(pictures.length - 1, Math.max(0, now + step)));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <dialog
      ref={ref}
      class="viewer"
      aria-label={picture.name}
      data-testid="viewer"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <header class="viewer-bar">
        <bdi class="truncate">{picture.name}</bdi>
        <IconButton
          icon="download"
          label={t.files.download(picture.name)}
          onClick={() => attempt(() => download(picture.url, picture.name))}
          testId="viewer-download"
        />
        <IconButton icon="close" label={t.dialog.close} onClick={onClose} testId="viewer-close" />
      </header>
      <Picture key={picture.id} attachment={picture} url={picture.url} class="picture-large" />
      {at > 0 && (
        <IconButton class="viewer-previous" icon="back" label={t.files.previous} onClick={() => go(-1)} />
      )}
      {at < pictures.length - 1 && (
        <IconButton class="viewer-next" icon="chevron" label={t.files.next} onClick={() => go(1)} />
      )}
    </dialog>
  );
}
