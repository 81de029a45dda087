import { beforeAll, describe, expect, test } from "vitest";
import { ago, clock, dayKey, dayLabel, listTime } from "../../src/time/format";

beforeAll(() => {
  process.env.TZ = "Europe/Paris";
});

const now = new Date("2026-03-30T10:00:00Z"); // a Monday; the clocks went forward the day before

describe("the heading of a day", () => {
  test.each([
    ["2026-03-30T00:30:00Z", "Today"],
    ["2026-03-29T12:00:00Z", "Yesterday"],
    ["2026-03-28T22:59:00Z", "Saturday"],
    ["2026-03-28T23:01:00Z", "Yesterday"],
    ["2026-03-10T12:00:00Z", "Tuesday 10 March"],
    ["2024-03-10T12:00:00Z", "Sunday, 10 March 2024"],
  ])("%s is %s", (iso, label) => {
    expect(dayLabel(iso, now, "en-GB").replace(",", "")).toBe(label.replace(",", ""));
  });
});

test("two moments of one local day share a key, across midnight they do not", () => {
  expect(dayKey("2026-03-29T21:59:00Z")).toBe(dayKey("2026-03-29T10:00:00Z"));
  expect(dayKey("2026-03-29T22:01:00Z")).not.toBe(dayKey("2026-03-29T21:59:00Z"));
});

test.each([
  ["2026-03-30T07:05:00Z", "09:05"],
  ["2026-03-29T07:05:00Z", "Yesterday"],
  ["2026-03-26T07:05:00Z", "Thu"],
  ["2026-02-01T07:05:00Z", "1 Feb"],
  ["2025-02-01T07:05:00Z", "1 Feb 2025"],
])("in a list %s is %s", (iso, short) => expect(listTime(iso, now, "en-GB")).toBe(short));

test("the clock follows the reader's habit", () => {
  expect(clock("2026-03-30T15:05:00Z", "en-US")).toMatch(/5:05\sPM/);
  expect(clock("2026-03-30T15:05:00Z", "en-GB")).toBe("17:05");
});

test.each([
  ["2026-03-30T09:59:40Z", "just now"],
  ["2026-03-30T09:58:00Z", "2 minutes ago"],
  ["2026-03-30T06:00:00Z", "4 hours ago"],
  ["2026-03-29T09:00:00Z", "yesterday"],
  ["2026-03-27T09:00:00Z", "3 days ago"],
  ["2026-01-05T09:00:00Z", "5 Jan"],
  ["2026-03-30T10:00:20Z", "just now"],
])("%s was %s", (iso, text) => expect(ago(iso, now, "en-GB")).toBe(text));
