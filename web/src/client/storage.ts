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

/**
 * Lives as long as the process. `tab()` gives another view of the same values that hears of this one's changes: two
 * clients with such views behave like two tabs of one browser.
 */
export class MemoryStorage implements KeyValueStorage {
  #values = new Map<string, string>();
  #views = new Set<MemoryStorage>([this]);
  readonly #listeners = new Set<(key: string, value: string | null) => void>();

  tab(): MemoryStorage {
    const other = new MemoryStorage();
    other.#values = this.#values;
    other.#views = this.#views;
    this.#views.add(other);
    return other;
  }

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  set(key: string, value: string): void {
    this.#values.set(key, value);
    this.#tellOthers(key, value);
  }

  remove(key: string): void {
    if (this.#values.delete(key)) this.#tellOthers(key, null);
  }

  keys(prefix: string): string[] {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix));
  }

  watch(listener: (key: string, value: string | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Later, as a browser's `storage` event comes later. */
  #tellOthers(key: string, value: string | null): void {
    for (const view of this.#views) {
      if (view === this) continue;
      for (const listener of view.#listeners) setTimeout(() => listener(key, value));
    }
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
