import { describe, expect, test } from "vitest";
import { isEmojiOnly, parseInlines, parseText, previewText } from "../../src/text/parse";

const hrefs = (text: string) =>
  parseInlines(text).flatMap((inline) => (inline.kind === "link" ? [inline.href] : []));
const shown = (text: string) =>
  parseInlines(text)
    .map((inline) => inline.text)
    .join("");

describe("links", () => {
  test.each([
    ["see https://example.org.", "https://example.org"],
    ["(https://example.org/a_(b))", "https://example.org/a_(b)"],
    ["[https://example.org/x]", "https://example.org/x"],
    ["好的：https://example.org/页。谢谢", "https://example.org/页。谢谢"],
    ["看 https://example.org/a，好", "https://example.org/a，好"],
    ["HTTP://EXAMPLE.ORG/Path?q=1&r=2#f!", "HTTP://EXAMPLE.ORG/Path?q=1&r=2#f"],
    ["https://example.org/,", "https://example.org/"],
  ])("%s", (text, href) => {
    expect(hrefs(text)).toEqual([href]);
    expect(shown(text)).toBe(text);
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://example.org",
    "https://",
    "http://[",
    "mailto:a@b.c",
  ])("%s is only text", (text) => expect(parseInlines(text)).toEqual([{ kind: "text", text }]));

  test("a direction override ends an address, so that it cannot disguise one", () => {
    expect(hrefs("https://example.org/\u202egro.live//:sptth")).toEqual(["https://example.org/"]);
  });

  test("two addresses in one line", () => {
    expect(hrefs("https://a.example and https://b.example!")).toEqual([
      "https://a.example",
      "https://b.example",
    ]);
  });
});

describe("code", () => {
  test("inline code hides addresses and keeps its text as it is", () => {
    expect(parseInlines("run `curl https://x.example` now")).toEqual([
      { kind: "text", text: "run " },
      { kind: "code", text: "curl https://x.example" },
      { kind: "text", text: " now" },
    ]);
  });

  test("a fence becomes a block with its language", () => {
    expect(parseText("Look:\n```ts\nconst a = 1;\n\nb();\n```\nDone.")).toEqual([
      { kind: "text", inlines: [{ kind: "text", text: "Look:" }] },
      { kind: "code", language: "ts", text: "const a = 1;\n\nb();" },
      { kind: "text", inlines: [{ kind: "text", text: "Done." }] },
    ]);
  });

  test("a fence on one line is a block too", () => {
    expect(parseText("```make run```")).toEqual([{ kind: "code", language: "", text: "make run" }]);
  });

  test.each(["``` never closed\nhere", "a ` b", "``", "```", "``a` b"])("%j stays text", (text) => {
    expect(parseText(text)).toEqual([{ kind: "text", inlines: [{ kind: "text", text }] }]);
  });

  test("a hostile text is read in no time", () => {
    const before = process.cpuUsage(); // not by the clock: other tests run beside this one
    parseText("`".repeat(20_000));
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(200);
    parseText("```a\n".repeat(4_000));
    parseText("https://((((".repeat(1_600));
    parseText(`https://x${")".repeat(19_000)}`);
    parseText(`https://x${".,".repeat(9_000)}a`);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(800);
  });
});

test("line breaks and blanks are kept", () => {
  expect(parseText("a\n\n  b")).toEqual([{ kind: "text", inlines: [{ kind: "text", text: "a\n\n  b" }] }]);
});

test.each([
  ["🎉", true],
  ["❤️ 👍", true],
  ["👩‍👩‍👧", true],
  ["🇫🇷🇯🇵", true],
  ["👍🏽", true],
  ["🎉🎉🎉🎉", false],
  ["ok 👍", false],
  ["42", false],
  ["", false],
])("%j is only emoji: %s", (text, only) => expect(isEmojiOnly(text)).toBe(only));

test("a preview is one line without fences", () => {
  expect(previewText("Here:\n```ts\nlet a;\n```\n`b`")).toBe("Here: let a; b");
  expect(previewText("word ".repeat(100), 20)).toBe("word word word word…");
});
