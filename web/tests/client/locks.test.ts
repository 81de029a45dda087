import { expect, test } from "vitest";
import { exclusively } from "../../src/client/locks";
import { MemoryStorage } from "../../src/client/storage";
import { StorageVault } from "../../src/client/vault";

test("of many tabs one at a time does the work", async () => {
  const storage = new MemoryStorage();
  let inside = 0;
  let most = 0;
  let done = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    done += 1;
  };
  const tabs = Array.from({ length: 8 }, () => new StorageVault(storage.tab()));
  await Promise.all(tabs.map((vault) => exclusively("x", vault, work)));
  expect([most, done]).toEqual([1, 8]);
});

test("work that fails lets the next one in", async () => {
  const vault = new StorageVault(new MemoryStorage());
  await expect(exclusively("x", vault, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await exclusively("x", vault, async () => "yes")).toBe("yes");
});

test("a tab that died in the middle holds the others up only for a while", async () => {
  const vault = new StorageVault(new MemoryStorage());
  expect(await vault.acquire("dead", Date.now() - 1)).toBe(true);
  expect(await exclusively("x", vault, async () => "yes")).toBe("yes");
});
