/** Unsent messages in the browser's storage: one entry each, so that tabs never overwrite one another's. */

import type { KeyValueStorage } from "./storage";
import type { OutboxItem } from "./types";

const PREFIX = "chatsphere.outbox.";

export class OutboxDisk {
  #unwatch: (() => void) | null = null;

  constructor(private readonly storage: KeyValueStorage) {}

  /** In the order typed. Damaged entries are dropped. */
  read(userId: string): OutboxItem[] {
    const items: OutboxItem[] = [];
    for (const key of this.storage.keys(prefix(userId))) {
      const item = parse(this.storage.get(key));
      if (item) items.push(item);
      else this.storage.remove(key);
    }
    return items.sort((a, b) => a.createdAt - b.createdAt || (a.clientMsgId < b.clientMsgId ? -1 : 1));
  }

  /** A full storage does not stop the sending; the message then lives as long as the tab. */
  write(userId: string, item: OutboxItem): void {
    try {
      this.storage.set(prefix(userId) + item.clientMsgId, JSON.stringify(item));
    } catch {
      // Said above.
    }
  }

  remove(userId: string, clientMsgId: string): void {
    this.storage.remove(prefix(userId) + clientMsgId);
  }

  wipe(userId: string): void {
    for (const key of this.storage.keys(prefix(userId))) this.storage.remove(key);
  }

  /** Hears what other tabs do; a null item was sent or discarded there. */
  watch(userId: string, listener: (clientMsgId: string, item: OutboxItem | null) => void): void {
    this.unwatch();
    this.#unwatch = this.storage.watch((key, value) => {
      if (key?.startsWith(prefix(userId))) listener(key.slice(prefix(userId).length), parse(value));
    });
  }

  unwatch(): void {
    this.#unwatch?.();
    this.#unwatch = null;
  }
}

function prefix(userId: string): string {
  return `${PREFIX}${userId}.`;
}

function parse(text: string | null): OutboxItem | null {
  if (!text) return null;
  try {
    const item = JSON.parse(text) as OutboxItem;
    return item.clientMsgId && item.conversationId ? item : null;
  } catch {
    return null;
  }
}
