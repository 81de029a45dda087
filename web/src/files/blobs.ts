/**
 * Contents of files as addresses that an `<img>` can show. They are fetched with the token, which must not stand in an address;
 * the browser keeps what was fetched, so fetching again costs nothing. The oldest are let go.
 */
import { client } from "../state/client";

const LIMIT = 200;
const held = new Map<string, Promise<string>>();

export function blobAddress(url: string): Promise<string> {
  const known = held.get(url);
  if (known) {
    held.delete(url);
    held.set(url, known);
    return known;
  }
  const fetched = client.uploads.read(url).then((blob) => URL.createObjectURL(blob));
  held.set(url, fetched);
  fetched.catch(() => held.delete(url));
  for (const oldest of held.keys()) {
    if (held.size <= LIMIT) break;
    release(oldest);
  }
  return fetched;
}

export function forgetBlobs(): void {
  for (const url of [...held.keys()]) release(url);
}

function release(url: string): void {
  const address = held.get(url);
  held.delete(url);
  void address?.then((one) => URL.revokeObjectURL(one)).catch(() => {});
}

/** Saves a file under its name. */
export async function download(url: string, name: string): Promise<void> {
  const address = URL.createObjectURL(await client.uploads.read(url));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
