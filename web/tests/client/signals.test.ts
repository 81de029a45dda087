/** The small parts: typing, presence, topics, markers, ids. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Emitter } from "../../src/client/emitter";
import { Markers } from "../../src/client/markers";
import { PresenceBook } from "../../src/client/presence";
import { MemoryStorage } from "../../src/client/storage";
import type { User } from "../../src/client/types";
import { Typing } from "../../src/client/typing";
import { Users } from "../../src/client/users";
import { uuidv7 } from "../../src/client/uuid";

describe("with a clock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("typing is told every 3 s while keys are pressed, and off after 5 s of silence", () => {
    const told: boolean[] = [];
    const typing = new Typing(new Emitter(), ({ on }) => told.push(on));
    for (let i = 0; i < 7; i++) {
      typing.set("c", true);
      vi.advanceTimersByTime(1_000);
    }
    expect(told).toEqual([true, true, true]);
    vi.advanceTimersByTime(4_000);
    expect(told).toEqual([true, true, true, false]);
    typing.set("c", false);
    expect(told.length).toBe(4);
  });

  test("people met within a moment are asked for together, and each only once", async () => {
    const asked: string[][] = [];
    const users = new Users(new Emitter(), async <T>(path: string) => {
      const ids = new URLSearchParams(path.split("?")[1]).getAll("ids");
      asked.push(ids);
      return { items: ids.filter((id) => id !== "gone").map((id) => ({ id }) as User) } as T;
    });
    const loaded = [users.load(["ann", "bob", "gone"]), users.load(["bob", "cleo"])];
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(loaded);
    void users.load(["ann", "gone"]);
    void users.load(Array.from({ length: 51 }, (_, n) => `p${n}`));
    await vi.advanceTimersByTimeAsync(500);
    expect(asked.length).toBe(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(asked.map((ids) => ids.length)).toEqual([4, 50, 1]);
    expect(users.get("cleo")).toEqual({ id: "cleo" });
  });

  test("somebody who stops typing without a word is forgotten after 7 s", () => {
    const typing = new Typing(new Emitter(), () => {});
    typing.heard("c", "ann", true);
    vi.advanceTimersByTime(5_000);
    typing.heard("c", "ann", true);
    vi.advanceTimersByTime(6_000);
    expect(typing.users("c")).toEqual(["ann"]);
    vi.advanceTimersByTime(1_000);
    expect(typing.users("c")).toEqual([]);
  });

  test("a hole that closes by itself causes no sync; one that stays does, more and more slowly", () => {
    const onHole = vi.fn();
    const markers = new Markers(300, onHole);
    markers.set("c", 1);
    markers.note("c", 3);
    vi.advanceTimersByTime(200);
    markers.note("c", 2);
    vi.advanceTimersByTime(1_000);
    expect(onHole).not.toHaveBeenCalled();
    expect(markers.get("c")).toBe(3);
    markers.note("c", 5);
    vi.advanceTimersByTime(300);
    expect(onHole).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(onHole.mock.calls.length).toBeLessThan(15);
    markers.clear();
  });

  test("presence of many avatars is asked for in one go, 500 at most at a time", async () => {
    const asked: number[] = [];
    const presence = new PresenceBook(new Emitter(), {
      ask: async (_, payload) => {
        asked.push((payload as { user_ids: string[] }).user_ids.length);
        return { presence: [] } as never;
      },
      connected: () => true,
    });
    for (let i = 0; i < 600; i++) presence.watch([`u${i}`, "everybody"]);
    await vi.advanceTimersByTimeAsync(50);
    expect(asked).toEqual([500, 101]);
  });
});

describe("topics", () => {
  test("many changes are told once", async () => {
    const emitter = new Emitter();
    const heard = vi.fn();
    emitter.on("conversations", heard);
    for (let i = 0; i < 100; i++) emitter.touch("conversations");
    await Promise.resolve();
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test("each payload is told, in order", async () => {
    const emitter = new Emitter();
    const codes: string[] = [];
    emitter.on("signed_out", ({ code }) => codes.push(code));
    emitter.tell("signed_out", { code: "one" });
    emitter.tell("signed_out", { code: "two" });
    await Promise.resolve();
    expect(codes).toEqual(["one", "two"]);
  });

  test("one function subscribed twice is unsubscribed once", async () => {
    const emitter = new Emitter();
    const heard = vi.fn();
    const stop = emitter.on("status", heard);
    emitter.on("status", heard);
    stop();
    emitter.touch("status");
    await Promise.resolve();
    expect(heard).toHaveBeenCalledTimes(1);
  });
});

test("ids sort by time and look like UUIDv7", () => {
  const early = uuidv7(1_000);
  const late = uuidv7(2_000);
  expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(early < late).toBe(true);
});

test("views of one memory storage hear of each other, not of themselves", async () => {
  const one = new MemoryStorage();
  const two = one.tab();
  const heard: string[] = [];
  one.watch((key) => heard.push(`one ${key}`));
  two.watch((key) => heard.push(`two ${key}`));
  one.set("k", "v");
  await vi.waitUntil(() => heard.length > 0);
  expect(heard).toEqual(["two k"]);
  expect(two.get("k")).toBe("v");
});
