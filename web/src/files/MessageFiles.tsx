import { useState } from "preact/hooks";
import type { Attachment } from "../client";
import { attempt } from "../state/errors";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { download } from "./blobs";
import { fileSize, isPicture } from "./describe";
import { Picture } from "./Picture";
import { Viewer } from "./Viewer";

/** The files of a message: its pictures side by side, the others as a list. */
export function MessageFiles({ attachments }: { attachments: readonly Attachment[] }) {
  const [shown, show] = useState<string | null>(null);
  const pictures = attachments.filter((one) => isPicture(one) && one.status !== "failed");
  const others = attachments.filter((one) => !pictures.includes(one));
  const ready = pictures.filter((one) => one.status === "ready");
  return (
    <div class="message-files" data-testid="message-files">
      {pictures.length > 0 && (
        <div class={pictures.length === 1 ? "pictures pictures-one" : "pictures"}>
          {pictures.map((one) => (
            <button
              key={one.id}
              type="button"
              class="picture-button"
              style={{ "--ratio": one.width && one.height ? one.width / one.height : undefined }}
              disabled={one.status !== "ready"}
              aria-label={one.status === "ready" ? t.files.open(one.name) : t.files.processing}
              onClick={() => show(one.id)}
              data-testid="attachment"
              data-status={one.status}
            >
              <Picture attachment={one} url={thumbnail(one, pictures.length)} class="picture-small" />
            </button>
          ))}
        </div>
      )}
      {others.map((one) => (
        <FileRow key={one.id} attachment={one} />
      ))}
      {shown && <Viewer pictures={ready} start={shown} onClose={() => show(null)} />}
    </div>
  );
}

/** A picture alone is shown larger. */
function thumbnail({ thumbnails }: Attachment, count: number): string | undefined {
  return thumbnails.find(({ name }) => name === (count === 1 ? "large" : "small"))?.url;
}

function FileRow({ attachment }: { attachment: Attachment }) {
  const { name, url, size, status } = attachment;
  const broken = status === "failed";
  return (
    <button
      type="button"
      class="file-row"
      disabled={broken}
      aria-label={t.files.download(name)}
      onClick={() => attempt(() => download(url, name))}
      data-testid="attachment"
      data-status={status}
    >
      <Icon name={broken ? "alert" : "file"} />
      <span class="file-text">
        <bdi class="truncate">{name}</bdi>
        <span class="file-size">{broken ? t.files.broken : fileSize(size)}</span>
      </span>
      {!broken && <Icon name="download" />}
    </button>
  );
}
