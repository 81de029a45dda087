/** Makes of a chosen file what the server takes, and small enough for a slow network. */

const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
export const ACCEPT = TYPES.join();
/** Beyond so many bytes a picture is made smaller before it is sent. */
const HEAVY = 1024 * 1024;
const EDGE = 1024;
const HEAVIEST = 50 * 1024 * 1024;
const QUALITY = 0.9;

export type PictureProblem = "unreadable" | "tooLarge";

/** The picture, or why it cannot be one. */
export async function preparePicture(file: Blob): Promise<Blob | PictureProblem> {
  if (file.size > HEAVIEST) return "tooLarge";
  const image = await createImageBitmap(file).catch(() => null);
  if (!image) return "unreadable";
  const light = file.size <= HEAVY && TYPES.includes(file.type);
  const picture = light ? file : await smaller(image);
  image.close();
  return picture ?? "unreadable";
}

function smaller(image: ImageBitmap): Promise<Blob | null> {
  const [width, height] = fitted(image.width, image.height, EDGE);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.drawImage(image, 0, 0, width, height);
  // A browser that cannot write WebP writes PNG instead.
  return new Promise((resolve) => canvas.toBlob(resolve, "image/webp", QUALITY));
}

/** The same shape within a square of this edge; never larger than it is, never without a pixel. */
export function fitted(width: number, height: number, edge: number): [number, number] {
  const scale = Math.min(1, edge / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}
