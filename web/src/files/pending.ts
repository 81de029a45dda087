/** Files that were chosen for a conversation's next message: on their way, sent, or failed. They live as long as the page. */
import { signal } from "@preact/signals";
import type { Attachment } from "../client";
import { client } from "../state/client";
import { explain } from "../state/errors";
import { t } from "../strings";
import { showToast } from "../ui/toasts";

/** The server's bound. */
export const MAX_FILES = 10;
/** Transfers at the same time, of all conversations together. */
const AT_ONCE = 2;
export const SHOWABLE = ["image/png", "image/jpeg", "image/webp", "image/gif"];

export interface PendingFile {
  key: string;
  file: File;
  /** Address of the picture on this device; null for what is no picture. */
  preview: string | null;
  state: "waiting" | "sending" | "sent" | "failed";
  /** From 0 to 1. */
  progress: number;
  upload?: Attachment;
  error?: string;
}

const files = signal<Record<string, readonly PendingFile[]>>({});
const transfers = new Map<string, AbortController>();
/** Upload id → the picture on this device, to be shown until the server has prepared its own. */
const previews = new Map<string, string>();
let lastKey = 0;

const NONE: readonly PendingFile[] = [];

export function pendingFiles(conversationId: string): readonly PendingFile[] {
  return files.value[conversationId] ?? NONE;
}

export function addFiles(conversationId: string, chosen: Iterable<File>): void {
  const room = MAX_FILES - pendingFiles(conversationId).length;
  const all = [...chosen];
  if (all.length > room) showToast(t.files.tooMany(MAX_FILES), true);
  const added = all.slice(0, Math.max(0, room)).map((file) => ({
    key: `file-${++lastKey}`,
    file,
    preview: SHOWABLE.includes(file.type) ? URL.createObjectURL(file) : null,
    state: "waiting" as const,
    progress: 0,
  }));
  set(conversationId, [...pendingFiles(conversationId), ...added]);
  pump();
}

export function retryFile(conversationId: string, key: string): void {
  change(conversationId, key, { state: "waiting", progress: 0 });
  pump();
}

export function removeFile(conversationId: string, key: string): void {
  const gone = pendingFiles(conversationId).find((one) => one.key === key);
  if (!gone) return;
  set(
    conversationId,
    pendingFiles(conversationId).filter((one) => one.key !== key),
  );
  transfers.get(key)?.abort();
  if (gone.preview) URL.revokeObjectURL(gone.preview);
  // Should this be lost, the server removes it after a day.
  if (gone.upload) void client.uploads.discard(gone.upload.id).catch(() => {});
}

/** What a message can hold now. */
export function sentFiles(conversationId: string): Attachment[] {
  return pendingFiles(conversationId).flatMap(({ upload }) => upload ?? []);
}

/** A message has them now; the next one begins anew. */
export function takeFiles(conversationId: string): void {
  for (const { upload, preview } of pendingFiles(conversationId)) {
    if (upload && preview) previews.set(upload.id, preview);
  }
  set(conversationId, []);
}

export function localPreview(uploadId: string): string | undefined {
  return previews.get(uploadId);
}

/** Somebody signed out: nothing of theirs stays. */
export function forgetFiles(): void {
  for (const transfer of transfers.values()) transfer.abort();
  for (const { preview } of Object.values(files.value).flat()) if (preview) URL.revokeObjectURL(preview);
  for (const preview of previews.values()) URL.revokeObjectURL(preview);
  previews.clear();
  files.value = {};
}

function set(conversationId: string, list: readonly PendingFile[]): void {
  const { [conversationId]: _, ...others } = files.peek();
  files.value = list.length > 0 ? { ...others, [conversationId]: list } : others;
}

function change(conversationId: string, key: string, part: Partial<PendingFile>): void {
  const list = files.peek()[conversationId] ?? NONE;
  set(
    conversationId,
    list.map((one) => (one.key === key ? { ...one, ...part } : one)),
  );
}

/** Begins transfers while there is room for more. */
function pump(): void {
  for (const [conversationId, list] of Object.entries(files.peek())) {
    for (const one of list) {
      if (one.state === "waiting" && transfers.size < AT_ONCE) void transfer(conversationId, one);
    }
  }
}

async function transfer(conversationId: string, { key, file }: PendingFile): Promise<void> {
  const abort = new AbortController();
  transfers.set(key, abort);
  change(conversationId, key, { state: "sending" });
  try {
    const upload = await client.uploads.send(file, file.name || t.files.photo, {
      onProgress: (progress) => change(conversationId, key, { progress }),
      signal: abort.signal,
    });
    change(conversationId, key, { state: "sent", progress: 1, upload });
  } catch (error) {
    change(conversationId, key, { state: "failed", error: explain(error) });
  } finally {
    transfers.delete(key);
    pump();
  }
}
