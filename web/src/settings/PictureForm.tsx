import type { TargetedDragEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Self } from "../client";
import { faceOf } from "../conversations/naming";
import { client } from "../state/client";
import { openDialog } from "../state/dialogs";
import { attempt, explain } from "../state/errors";
import { t } from "../strings";
import { s } from "../strings/settings";
import { Avatar } from "../ui/Avatar";
import { FormError } from "../ui/FormError";
import { showToast } from "../ui/toasts";
import { ACCEPT, preparePicture } from "./picture";

/** Not only from one of its parts into another. */
function leaves({ currentTarget, relatedTarget }: TargetedDragEvent<HTMLElement>): boolean {
  return !(relatedTarget instanceof Node && currentTarget.contains(relatedTarget));
}

const REFUSED = {
  payload_too_large: s.picture.tooLarge,
  unsupported_media_type: s.picture.unreadable,
  validation_failed: s.picture.unreadable,
};

interface Chosen {
  picture: Blob;
  url: string;
}

/** Choose or drop a file, look at it, send it. */
export function PictureForm({ me, hue }: { me: Self; hue: number }) {
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useChosen();
  const [problem, setProblem] = useState<string | null>(null);
  const [sent, setSent] = useState<number | null>(null);
  const [over, setOver] = useState(false);
  const take = async (file: File | undefined) => {
    if (!file || sent !== null) return;
    const picture = await preparePicture(file);
    setProblem(typeof picture === "string" ? s.picture[picture] : null);
    if (typeof picture !== "string") setChosen(picture);
  };
  const send = async () => {
    if (!chosen) return;
    setSent(0);
    setProblem(null);
    try {
      await client.account.setAvatar(chosen.picture, setSent);
      setChosen(null);
      showToast(s.picture.saved);
    } catch (error) {
      setProblem(explain(error, REFUSED));
    }
    setSent(null);
  };
  return (
    <section
      class={`section-block picture${over ? " picture-over" : ""}`}
      aria-label={s.picture.title}
      data-testid="picture"
      onDragOver={() => setOver(true)}
      onDragLeave={(event) => leaves(event) && setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer?.files[0]);
      }}
    >
      <Avatar {...faceOf(me)} hue={hue} url={chosen?.url ?? me.avatar_url} size="xl" />
      <div class="picture-side">
        <input
          ref={input}
          type="file"
          accept={ACCEPT}
          hidden
          onChange={({ currentTarget }) => {
            void take(currentTarget.files?.[0]);
            currentTarget.value = "";
          }}
          data-testid="picture-file"
        />
        {sent !== null ? (
          <label class="picture-progress">
            {s.picture.sending}
            <progress max={1} value={sent} />
          </label>
        ) : chosen ? (
          <PreviewActions onUse={send} onCancel={() => setChosen(null)} />
        ) : (
          <PictureActions me={me} onChoose={() => input.current?.click()} />
        )}
        <FormError text={problem} testId="picture-problem" />
      </div>
    </section>
  );
}

function PreviewActions({ onUse, onCancel }: { onUse: () => void; onCancel: () => void }) {
  return (
    <>
      <div class="section-actions">
        <button type="button" class="button button-primary" onClick={onUse} data-testid="use-picture">
          {s.picture.use}
        </button>
        <button type="button" class="button" onClick={onCancel}>
          {t.dialog.cancel}
        </button>
      </div>
      <p class="section-note" role="status">
        {s.picture.preview}
      </p>
    </>
  );
}

function PictureActions({ me, onChoose }: { me: Self; onChoose: () => void }) {
  const remove = async () => {
    if (await attempt(() => client.account.removeAvatar())) showToast(s.picture.removed);
  };
  const ask = () =>
    openDialog({
      kind: "confirm",
      title: s.picture.removeTitle,
      text: s.picture.removeText,
      action: s.picture.remove,
      run: remove,
    });
  return (
    <>
      <div class="section-actions">
        <button type="button" class="button" onClick={onChoose} data-testid="choose-picture">
          {me.avatar_url ? s.picture.change : s.picture.choose}
        </button>
        {me.avatar_url && (
          <button type="button" class="button button-danger-quiet" onClick={ask} data-testid="remove-picture">
            {s.picture.remove}
          </button>
        )}
      </div>
      <p class="section-note">{s.picture.hint}</p>
    </>
  );
}

/** Keeps the address under which the browser shows the file, and gives it back. */
function useChosen(): [Chosen | null, (picture: Blob | null) => void] {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  useEffect(() => () => (chosen ? URL.revokeObjectURL(chosen.url) : undefined), [chosen]);
  return [chosen, (picture) => setChosen(picture && { picture, url: URL.createObjectURL(picture) })];
}
