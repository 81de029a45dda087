/** One tab at a time. */

import { uuidv7 } from "./uuid";
import type { Vault } from "./vault";

/** Longer than a refresh can take; a tab that died in the middle holds the others up no longer than this. */
const LEASE_MS = 20_000;
const RETRY_MS = 50;

/**
 * Runs `action` while no other tab of this origin runs one under the same name: by the Web Locks API, or where there
 * is none (plain-http origins, Node) by a lease in the vault.
 */
export async function exclusively<T>(name: string, vault: Vault, action: () => Promise<T>): Promise<T> {
  const locks = globalThis.window && globalThis.navigator?.locks;
  if (locks) return (await locks.request(name, action)) as T;
  const owner = uuidv7();
  while (!(await vault.acquire(owner, Date.now() + LEASE_MS))) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (0.5 + Math.random())));
  }
  try {
    return await action();
  } finally {
    await vault.release(owner);
  }
}
