/** Whatever the order, the losses and the doubles: what a client holds equals a fresh fetch. */

import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Message } from "../../src/client/types";
import { Harness } from "./harness";
import { Model } from "./model";

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("send" as const), by: fc.nat(2), at: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("edit" as const), pick: fc.nat(), at: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), pick: fc.nat(), at: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("react" as const), pick: fc.nat(), at: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("receipt" as const), pick: fc.nat(), at: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("older" as const), at: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("around" as const), pick: fc.nat(), at: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("newer" as const), at: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("latest" as const), at: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("ask" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("answer" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("epoch" as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;
/** What the network does with a push: loses it, delays it behind later ones, or doubles it. */
const fate = fc.constantFrom("ok", "ok", "ok", "drop", "delay", "double");

class World {
  readonly model = new Model();
  readonly harness: Harness;
  readonly ids: [string, string];
  readonly #delayed: Message[] = [];
  readonly #opened: (() => void)[] = [];
  #release: (() => void) | null = null;
  #asked: ReturnType<Harness["ask"]> | null = null;

  constructor(
    private readonly syncLimit: number,
    private readonly resetAbove: number,
    timelineLimit: number,
  ) {
    for (const id of ["me", "ann", "bob"]) this.model.user(id);
    this.ids = [this.model.create(["me", "ann", "bob"]), this.model.create(["me", "ann"], "private")];
    for (let i = 0; i < 12; i++) this.model.send(this.ids[0], "ann", `old ${i}`);
    this.harness = new Harness(this.model, "me", { timelines: 30, timelineLimit, pageSize: 5 });
    this.harness.sync();
    for (const id of this.ids) this.#opened.push(this.harness.timelines.open(id));
  }

  async run(step: Operation, fateOf: string, slow: boolean): Promise<void> {
    if (slow) this.#hold();
    const at = this.ids["at" in step ? step.at : 0] ?? "";
    const count = this.model.get(at).messages.length;
    const seq = "pick" in step ? (step.pick % Math.max(1, count)) + 1 : 1;
    const load = (run: Promise<void>) => void run.catch(() => {});
    const { timelines } = this.harness;
    if (step.do === "send") {
      const by = ["me", "ann", at === this.ids[0] ? "bob" : "ann"][step.by] ?? "me";
      this.#push(this.model.send(at, by, `new ${count}`), fateOf);
    } else if (step.do === "older") load(timelines.loadOlder(at));
    else if (step.do === "newer") load(timelines.loadNewer(at));
    else if (step.do === "latest") load(timelines.loadLatest(at));
    else if (step.do === "ask") this.#ask();
    else if (step.do === "answer") this.#answer();
    else if (step.do === "epoch") this.model.epoch += "+";
    else if (count > 0) this.#change(step.do, at, seq, fateOf);
    if (!slow) await this.settle();
  }

  /** Lets the network calm down: everything on its way arrives or is caught up with. */
  async finish(): Promise<void> {
    await this.settle();
    for (const message of this.#delayed.splice(0)) this.harness.feed.message(message);
    this.#answer();
    this.harness.sync(this.syncLimit, this.resetAbove);
    await this.settle();
  }

  async settle(): Promise<void> {
    this.#release?.();
    this.#release = null;
    this.harness.hold = null;
    for (const id of this.ids) {
      do {
        await new Promise((resolve) => setImmediate(resolve));
      } while (this.harness.timelines.view(id).loading);
    }
  }

  close(): void {
    for (const close of this.#opened) close();
    this.harness.close();
  }

  #hold(): void {
    if (this.#release) return;
    this.harness.hold = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  #change(kind: string, at: string, seq: number, fateOf: string): void {
    if (kind === "edit") this.#push(this.model.edit(at, seq, `edited ${seq}`), fateOf);
    if (kind === "delete") this.#push(this.model.delete(at, seq), fateOf);
    if (kind === "react") this.#push(this.model.react(at, seq, "👍", "ann"), fateOf);
    if (kind === "around") void this.harness.timelines.loadAround(at, seq).catch(() => {});
    if (kind === "receipt") {
      this.model.mark(at, "me", { read_seq: seq });
      const marks = { delivered_seq: seq, read_seq: seq };
      if (fateOf !== "drop") this.harness.feed.receipt({ conversation_id: at, user_id: "me", ...marks });
    }
  }

  #push(message: Message, fateOf: string): void {
    const copy = structuredClone(message);
    if (fateOf === "delay") return void this.#delayed.push(copy);
    if (fateOf === "drop") return;
    this.harness.feed.message(copy);
    if (fateOf === "double") this.harness.feed.message(structuredClone(copy));
    for (const late of this.#delayed.splice(0, 2)) this.harness.feed.message(late);
  }

  #ask(): void {
    if (this.#asked) return;
    this.harness.feed.syncBegins();
    this.#asked = this.harness.ask(this.syncLimit, this.resetAbove);
    this.#asked = structuredClone(this.#asked);
  }

  #answer(): void {
    if (this.#asked) this.harness.take(this.#asked);
    this.#asked = null;
  }
}

let world: World | undefined;
afterEach(() => world?.close());

describe("after any interleaving, once caught up", () => {
  test("the timeline equals the server's history, and unread counts are exact", {
    timeout: 60_000,
  }, async () => {
    const steps = fc.array(fc.tuple(operation, fate, fc.boolean()), { maxLength: 60 });
    const bounds = fc.record({
      syncLimit: fc.constantFrom(3, 500),
      resetAbove: fc.constantFrom(8, 10_000),
      timelineLimit: fc.constantFrom(9, 2_000),
    });
    await fc.assert(
      fc.asyncProperty(steps, bounds, async (script, { syncLimit, resetAbove, timelineLimit }) => {
        world?.close();
        world = new World(syncLimit, resetAbove, timelineLimit);
        await world.settle();
        for (const [step, fateOf, slow] of script) await world.run(step, fateOf, slow);
        await world.finish();
        for (const id of world.ids) compare(world, id, timelineLimit);
      }),
      { numRuns: Number(process.env.INTERLEAVINGS ?? 1_000) },
    );
  });
});

function compare({ model, harness }: World, id: string, limit: number): void {
  const truth = model.get(id).messages;
  const view = harness.timelines.view(id);
  const shown = harness.shown(id);
  expect(view.loaded).toBe(true);
  expect(shown.length).toBeLessThanOrEqual(limit);
  const lo = shown[0]?.seq ?? 1;
  expect(shown).toEqual(truth.slice(lo - 1, lo - 1 + shown.length));
  if (view.atEnd) expect(shown.at(-1)?.seq ?? 0).toBe(truth.length);
  if (view.atStart) expect(lo).toBe(1);
  const { updated_at: _, ...expected } = model.row(id, "me");
  expect(harness.store.get(id)).toMatchObject(expected);
  expect(harness.markers.get(id)).toBe(model.get(id).row.last_change);
}
