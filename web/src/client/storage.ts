/**
 * Where the session and the unsent messages are kept: a synchronous key-value store, so that a tab that is closed the
 * moment after `send` has lost nothing.
 */

export interface KeyValueStorage {
  get(key: string): string | null;
  /** May throw when full; callers carry on in memory. */
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(prefix: string): string[];
  /** Tells of changes made by *other* tabs; `key` null when everything was cleared. Returns the unsubscriber. */
  watch(listener: (key: string | null, value: string | null) => void): () => void;
}

/** Lives as long as the process. Several clients that share one behave like tabs of one browser. */
export class MemoryStorage implements KeyValueStorage {
  readonly #values = new Map<string, string>();

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  set(key: string, value: string): void {
    this.#values.set(key, value);
  }

  remove(key: string): void {
    this.#values.delete(key);
  }

  keys(prefix: string): string[] {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix));
  }

  watch(): () => void {
    return () => {};
  }
}

/** The browser's localStorage (or any other `Storage`). */
export function webStorage(storage: Storage): KeyValueStorage {
  return {
    get: (key) => storage.getItem(key),
    set: (key, value) => storage.setItem(key, value),
    remove: (key) => storage.removeItem(key),
    keys: (prefix) => Object.keys(storage).filter((key) => key.startsWith(prefix)),
    watch(listener) {
      const onStorage = (event: StorageEvent) => {
        if (event.storageArea === storage) listener(event.key, event.newValue);
      };
      addEventListener("storage", onStorage);
      return () => removeEventListener("storage", onStorage);
    },
  };
}

/** localStorage when it can be written (private modes may refuse), else memory. */
export function defaultStorage(): KeyValueStorage {
  try {
    const storage = globalThis.window?.localStorage;
    if (!storage) return new MemoryStorage();
    storage.setItem("chatsphere.probe", "1");
    storage.removeItem("chatsphere.probe");
    return webStorage(storage);
  } catch {
    return new MemoryStorage();
  }
}
