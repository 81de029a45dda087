import { describe, expect, test } from "vitest";
import { Timeline } from "../../src/client/timeline";
import type { Message } from "../../src/client/types";
import { Harness } from "./harness";
import { Model } from "./model";
import { until } from "./people";

const message = (seq: number, change = seq, content = `${seq}`) =>
  ({ id: `m${seq}`, conversation_id: "c", seq, change, content }) as Message;
const run = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
const seqs = (timeline: Timeline) => timeline.messages.map((one) => one.seq);
const ends = { atStart: true, atEnd: true };

describe("a window", () => {
  test("takes the newer form of a message, in whatever order the two come", () => {
    const timeline = new Timeline(100);
    timeline.replace(run(1, 3), ends);
    expect(timeline.apply(message(2, 9, "newest"))).toBe(true);
    expect(timeline.apply(message(2, 7, "older"))).toBe(false);
    expect(timeline.messages[1]?.content).toBe("newest");
  });

  test("holds what comes too early until the gap is filled", () => {
    const timeline = new Timeline(100);
    timeline.replace(run(1, 2), ends);
    timeline.apply(message(5));
    timeline.apply(message(4));
    expect(seqs(timeline)).toEqual([1, 2]);
    timeline.apply(message(3));
    expect(seqs(timeline)).toEqual([1, 2, 3, 4, 5]);
  });

  test("ignores new messages while it does not reach the end", () => {
    const timeline = new Timeline(100);
    timeline.replace(run(4, 6), { atStart: false, atEnd: false });
    timeline.apply(message(7));
    timeline.apply(message(2));
    expect(seqs(timeline)).toEqual([4, 5, 6]);
  });

  test("drops the oldest when new ones come, and the newest when older ones are loaded", () => {
    const timeline = new Timeline(4);
    timeline.replace(run(5, 8), { atStart: false, atEnd: true });
    timeline.apply(message(9));
    expect(seqs(timeline)).toEqual([6, 7, 8, 9]);
    timeline.prepend(run(4, 5), 6, false);
    expect(seqs(timeline)).toEqual([4, 5, 6, 7]);
    expect(timeline.atEnd).toBe(false);
    timeline.append(run(8, 9), 7, true);
    expect(seqs(timeline)).toEqual([6, 7, 8, 9]);
    expect(timeline.atEnd).toBe(true);
  });

  test("a change that passes while its page is on the way is not lost", () => {
    const timeline = new Timeline(100);
    timeline.beginLoad();
    timeline.apply(message(2, 10, "edited"));
    timeline.replace(run(1, 3), ends);
    timeline.endLoad();
    expect(timeline.messages[1]?.content).toBe("edited");
  });

  test("gives up waiting for a gap that grows beyond the bound", () => {
    const timeline = new Timeline(5_000);
    timeline.replace(run(1, 2), ends);
    for (const one of run(4, 2_100)) timeline.apply(one);
    expect(timeline.atEnd).toBe(false);
    expect(seqs(timeline)).toEqual([1, 2]);
  });
});

describe("timelines", () => {
  function held(count: number, bounds?: ConstructorParameters<typeof Harness>[2]) {
    const model = new Model();
    for (const id of ["me", "ann"]) model.user(id);
    const ids = Array.from({ length: 4 }, () => model.create(["me", "ann"]));
    for (let i = 0; i < count; i++) model.send(ids[0] ?? "", "ann", `${i}`);
    const harness = new Harness(model, "me", bounds);
    harness.sync();
    return { model, harness, ids, id: ids[0] ?? "" };
  }

  test("a view and its items stay the same objects while nothing changes", async () => {
    const { model, harness, id } = held(5);
    await harness.timelines.loadLatest(id);
    const before = harness.timelines.view(id);
    expect(harness.timelines.view(id)).toBe(before);
    harness.feed.message(model.edit(id, 3, "edited"));
    const after = harness.timelines.view(id);
    expect(after).not.toBe(before);
    expect(after.items.map((item, i) => item === before.items[i])).toEqual([true, true, false, true, true]);
  });

  test("concurrent calls share one request", async () => {
    const { harness, id } = held(20);
    await harness.timelines.loadLatest(id);
    await Promise.all([harness.timelines.loadOlder(id), harness.timelines.loadOlder(id)]);
    expect(harness.shown(id).map((one) => one.seq)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  test("of two jumps the later one counts, whichever answer comes first", async () => {
    const { harness, id } = held(40);
    let release = () => {};
    harness.hold = new Promise((resolve) => {
      release = resolve;
    });
    const first = harness.timelines.loadAround(id, 5);
    harness.hold = null;
    await harness.timelines.loadAround(id, 30);
    release();
    await first;
    expect(harness.shown(id).some((one) => one.seq === 30)).toBe(true);
    expect(harness.shown(id).some((one) => one.seq === 5)).toBe(false);
  });

  test("the longest unused ones are forgotten, open ones never", async () => {
    const { harness, ids } = held(3, { timelines: 2, timelineLimit: 100, pageSize: 5 });
    const [a = "", b = "", c = "", d = ""] = ids;
    harness.timelines.open(a);
    for (const id of [a, b, c, d]) await harness.timelines.loadLatest(id);
    expect([a, b, c, d].map((id) => harness.timelines.view(id).loaded)).toEqual([true, false, false, false]);
  });

  test("a reset loads an open timeline anew", async () => {
    const { model, harness, id } = held(3);
    harness.timelines.open(id);
    await until(() => harness.timelines.view(id).loaded);
    for (let i = 0; i < 30; i++) model.send(id, "ann", `missed ${i}`);
    harness.sync(500, 10);
    await until(() => harness.timelines.view(id).loaded);
    expect(harness.shown(id)).toEqual(model.get(id).messages.slice(-5));
  });

  test("a failed load says why and can be repeated", async () => {
    const { harness, id } = held(3);
    harness.hold = Promise.reject(new Error("cut"));
    await expect(harness.timelines.loadLatest(id)).rejects.toMatchObject({ code: "unavailable" });
    expect(harness.timelines.view(id).error).toMatchObject({ code: "unavailable" });
    harness.hold = null;
    await harness.timelines.loadLatest(id);
    expect(harness.timelines.view(id)).toMatchObject({ error: null, loaded: true });
  });

  test("history loaded before the first sync is loaded anew: it may lack what came in between", async () => {
    const model = new Model();
    for (const user of ["me", "ann"]) model.user(user);
    const id = model.create(["me", "ann"]);
    model.send(id, "ann", "one");
    const harness = new Harness(model, "me");
    harness.timelines.open(id);
    await until(() => harness.timelines.view(id).loaded);
    model.edit(id, 1, "edited before the socket was up");
    harness.sync();
    await until(() => harness.shown(id)[0]?.content === "edited before the socket was up");
  });
});
