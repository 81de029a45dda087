/** One tab at a time. */

import type { KeyValueStorage } from "./storage";

const LEASE_MS = 20_000;
const SETTLE_MS = 40;

/**
 * Runs `action` while no other tab of this origin runs one under the same name. Uses the Web Locks API; where there
 * is none (plain-http origins, old browsers) a lease in the shared storage stands in. The lease cannot be perfect,
 * storage has no compare-and-set: two tabs that write within the same few milliseconds are told apart by reading back
 * after `SETTLE_MS`.
 */
export async function exclusively<T>(
  name: string,
  storage: KeyValueStorage,
  action: () => Promise<T>,
): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (locks && globalThis.window) return (await locks.request(name, action)) as T;
  const lease = await takeLease(name, storage);
  try {
    return await action();
  } finally {
    if (storage.get(name) === lease) storage.remove(name);
  }
}

async function takeLease(name: string, storage: KeyValueStorage): Promise<string> {
  const owner = `${Math.random()}`.slice(2);
  for (;;) {
    const held = storage.get(name);
    // A tab that died in the middle leaves a lease behind; it runs out.
    if (!held || Number(held.split("|")[0]) < Date.now()) {
      const lease = `${Date.now() + LEASE_MS}|${owner}`;
      try {
        storage.set(name, lease);
      } catch {
        return lease;
      }
      await sleep(SETTLE_MS);
      if (storage.get(name) === lease) return lease;
    }
    await sleep(SETTLE_MS * (1 + Math.random()));
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
