import { decode, isBlurhashValid } from "blurhash";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Attachment } from "../client";
import { blobAddress } from "./blobs";
import { localPreview } from "./pending";

const BLUR_SIDE = 32;

interface PictureProps {
  attachment: Attachment;
  /** Which of its addresses. */
  url: string | undefined;
  class: string;
  onBroken?: () => void;
}

/** An image: from afar at once, then itself. Until the server has prepared it, the sender sees what they chose. */
export function Picture({ attachment, url, class: name, onBroken }: PictureProps) {
  const [address, setAddress] = useState<string | undefined>(() => localPreview(attachment.id));
  useEffect(() => {
    if (!url) return;
    let gone = false;
    blobAddress(url).then(
      (found) => !gone && setAddress(found),
      () => !gone && onBroken?.(),
    );
    return () => {
      gone = true;
    };
  }, [url]);
  const { width, height } = attachment;
  const ratio = width && height ? width / height : undefined;
  return (
    <span class={`picture ${name}`} style={{ aspectRatio: ratio }}>
      <Blur hash={attachment.blurhash} />
      {address && <img src={address} alt={attachment.name} draggable={false} data-testid="picture" />}
    </span>
  );
}

function Blur({ hash }: { hash: string | null }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !hash || !isBlurhashValid(hash).result) return;
    const pixels = new Uint8ClampedArray(decode(hash, BLUR_SIDE, BLUR_SIDE));
    context.putImageData(new ImageData(pixels, BLUR_SIDE, BLUR_SIDE), 0, 0);
  }, [hash]);
  return hash ? <canvas ref={canvas} width={BLUR_SIDE} height={BLUR_SIDE} /> : null;
}
