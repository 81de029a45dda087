import { expect, test } from "vitest";
import type { Message, TimelineItem } from "../../src/client";
import { type Row, rowsOf } from "../../src/timeline/rows";

const NOON = Date.UTC(2026, 2, 10, 12);

interface Sketch {
  by?: string;
  /** Minutes after noon. */
  at?: number;
  type?: string;
}

function items(...sketches: Sketch[]): TimelineItem[] {
  return sketches.map(({ by = "ada", at = 0, type = "text" }, index) => {
    const message = {
      id: `m${index + 1}`,
      seq: index + 1,
      sender_id: by,
      type,
      created_at: new Date(NOON + at * 60_000).toISOString(),
    } as Message;
    return { key: message.id, message, mine: by === "me", state: "received" };
  });
}

/** "day", "unread", "1(" begins a group, "2)" ends one, "3" is in its middle, "4()" stands alone. */
function sketch(rows: Row[]): string[] {
  return rows.map((row) =>
    row.kind === "message"
      ? `${row.item.message.seq}${row.first ? "(" : ""}${row.last ? ")" : ""}`
      : row.kind,
  );
}

test("messages of one person within five minutes are one group", () => {
  const rows = rowsOf(items({ at: 0 }, { at: 1 }, { at: 2 }, { at: 8 }), null);
  expect(sketch(rows)).toEqual(["day", "1(", "2", "3)", "4()"]);
});

test("another sender begins another group", () => {
  expect(sketch(rowsOf(items({}, { by: "grace" }, {}), null))).toEqual(["day", "1()", "2()", "3()"]);
});

test("a new day has a heading and begins a group", () => {
  const rows = rowsOf(items({ at: 0 }, { at: 24 * 60 }, { at: 24 * 60 + 1 }), null);
  expect(sketch(rows)).toEqual(["day", "1()", "day", "2(", "3)"]);
});

test("the unread line stands once, before the first unread message, and splits its group", () => {
  expect(sketch(rowsOf(items({}, {}, {}, {}), 3))).toEqual(["day", "1(", "2)", "unread", "3(", "4)"]);
});

test("one's own messages are never unread", () => {
  expect(sketch(rowsOf(items({}, { by: "me" }, {}), 2))).toEqual(["day", "1()", "2()", "unread", "3()"]);
  expect(sketch(rowsOf(items({}, { by: "me" }), 2))).not.toContain("unread");
});

test("a system message stands alone", () => {
  expect(sketch(rowsOf(items({}, { type: "system" }, {}), null))).toEqual(["day", "1()", "2()", "3()"]);
});

test("no messages, no rows", () => {
  expect(rowsOf([], 5)).toEqual([]);
});

test("keys are unique and those of the items", () => {
  const rows = rowsOf(items({}, { at: 24 * 60 }, { by: "grace", at: 24 * 60 }), 2);
  const keys = rows.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).toEqual(expect.arrayContaining(["m1", "m2", "m3"]));
});
