/**
 * What tabs must agree on at once: the newest tokens, and who may refresh them.
 *
 * localStorage will not do. Browsers keep a copy of it in each tab's process and bring it up to date a moment later: a
 * tab that gets a lock right after another one has let it go may still read the tokens that the other has used up.
 * IndexedDB transactions follow one another over all processes. It is also there on plain-http origins, where the Web
 * Locks API is not, so the lease for those is kept here, too.
 */

import type { KeyValueStorage } from "./storage";
import { parseTokens, type Tokens } from "./tokens";

export interface Vault {
  read(): Promise<Tokens | null>;
  write(tokens: Tokens): Promise<void>;
  /** Removes these tokens, not what came after them. */
  clear(tokens: Tokens): Promise<void>;
  /** Takes the lease unless somebody else holds one that has not run out. */
  acquire(owner: string, until: number): Promise<boolean>;
  release(owner: string): Promise<void>;
}

interface Lease {
  owner: string;
  until: number;
}

const TOKENS = "chatsphere.vault";
const LEASE = "chatsphere.lease";

/** For storage that is the same everywhere at once: that of one process. */
export class StorageVault implements Vault {
  constructor(private readonly storage: KeyValueStorage) {}

  async read(): Promise<Tokens | null> {
    return parseTokens(this.storage.get(TOKENS));
  }

  async write(tokens: Tokens): Promise<void> {
    this.storage.set(TOKENS, JSON.stringify(tokens));
  }

  async clear(tokens: Tokens): Promise<void> {
    if ((await this.read())?.refresh === tokens.refresh) this.storage.remove(TOKENS);
  }

  async acquire(owner: string, until: number): Promise<boolean> {
    const held = JSON.parse(this.storage.get(LEASE) ?? "null") as Lease | null;
    if (held && held.owner !== owner && held.until > Date.now()) return false;
    this.storage.set(LEASE, JSON.stringify({ owner, until }));
    return true;
  }

  async release(owner: string): Promise<void> {
    const held = JSON.parse(this.storage.get(LEASE) ?? "null") as Lease | null;
    if (held?.owner === owner) this.storage.remove(LEASE);
  }
}

export class IndexedDbVault implements Vault {
  #database: Promise<IDBDatabase> | undefined;

  read(): Promise<Tokens | null> {
    return this.#transact<Tokens | null>("readonly", (store, done) => {
      const request = store.get(TOKENS);
      request.onsuccess = () => done((request.result as Tokens | undefined) ?? null);
    });
  }

  write(tokens: Tokens): Promise<void> {
    return this.#transact<void>("readwrite", (store, done) => {
      store.put(tokens, TOKENS).onsuccess = () => done();
    });
  }

  clear(tokens: Tokens): Promise<void> {
    return this.#transact<void>("readwrite", (store, done) => {
      const request = store.get(TOKENS);
      request.onsuccess = () => {
        if ((request.result as Tokens | undefined)?.refresh === tokens.refresh) store.delete(TOKENS);
        done();
      };
    });
  }

  acquire(owner: string, until: number): Promise<boolean> {
    return this.#transact<boolean>("readwrite", (store, done) => {
      const request = store.get(LEASE);
      request.onsuccess = () => {
        const held = request.result as Lease | undefined;
        if (held && held.owner !== owner && held.until > Date.now()) return done(false);
        store.put({ owner, until }, LEASE).onsuccess = () => done(true);
      };
    });
  }

  release(owner: string): Promise<void> {
    return this.#transact<void>("readwrite", (store, done) => {
      const request = store.get(LEASE);
      request.onsuccess = () => {
        if ((request.result as Lease | undefined)?.owner === owner) store.delete(LEASE);
        done();
      };
    });
  }

  /** Resolves once the transaction is complete, that is, visible to all. */
  async #transact<T>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore, done: (result: T) => void) => void,
  ): Promise<T> {
    this.#database ??= openDatabase();
    const transaction = (await this.#database).transaction("vault", mode);
    return new Promise((resolve, reject) => {
      let result: T;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore("vault"), (value) => {
        result = value;
      });
    });
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("chatsphere", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("vault");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/** IndexedDB where it works (some private modes refuse it), else the given storage. */
export async function openVault(storage: KeyValueStorage, shared: boolean): Promise<Vault> {
  if (!shared || !globalThis.indexedDB) return new StorageVault(storage);
  const vault = new IndexedDbVault();
  return vault.read().then(
    () => vault,
    () => new StorageVault(storage),
  );
}
