/**
 * Message text → a small tree that is rendered as elements. Nothing here knows HTML: whatever is not
 * recognised stays text. Supported: fenced code, inline code and http(s) links; line breaks are kept as they are.
 */
export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "link"; href: string; text: string };

export type Block = { kind: "text"; inlines: Inline[] } | { kind: "code"; language: string; text: string };

const FENCE = /(^|\n)```([\w+#.-]{0,20})[^\S\n]*\n([\s\S]*?)(?:\n)?```(?=\n|$)\n?/g;
const ONE_LINE_FENCE = /```([^\n`]+?)```/g;
// It begins where backticks begin, and with all of them: else each of many would be tried with every number that follows.
const CODE = /(?<!`)(`+)(?!`)([^\n]|[^\n][^\n]*?[^`\n])\1(?!`)/g;
// Bidi controls are kept out of addresses: they could make one look like another. The bound keeps a hostile one cheap.
const LINK = /https?:\/\/[^\s<>"'`\u202a-\u202e\u2066-\u2069]{1,2048}/giu;
const TRAILING = /[.,;:!?…'"*_~。,、!?;:】》」』]+$/u;

export function parseText(content: string): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  for (const m of content.matchAll(FENCE)) {
    pushText(blocks, content.slice(at, m.index));
    blocks.push({ kind: "code", language: m[2] ?? "", text: m[3] ?? "" });
    at = m.index + m[0].length;
  }
  pushText(blocks, content.slice(at));
  return blocks;
}

function pushText(blocks: Block[], text: string): void {
  let at = 0;
  for (const m of text.matchAll(ONE_LINE_FENCE)) {
    pushInlines(blocks, text.slice(at, m.index));
    blocks.push({ kind: "code", language: "", text: (m[1] ?? "").trim() });
    at = m.index + m[0].length;
  }
  pushInlines(blocks, text.slice(at));
}

function pushInlines(blocks: Block[], text: string): void {
  const trimmed = blocks.length > 0 ? text.replace(/^\n/, "") : text;
  if (trimmed.trim() === "") return;
  blocks.push({ kind: "text", inlines: parseInlines(trimmed) });
}

export function parseInlines(text: string): Inline[] {
  const inlines: Inline[] = [];
  let at = 0;
  for (const m of text.matchAll(CODE)) {
    pushLinks(inlines, text.slice(at, m.index));
    inlines.push({ kind: "code", text: m[2] ?? "" });
    at = m.index + m[0].length;
  }
  pushLinks(inlines, text.slice(at));
  return inlines;
}

function pushLinks(inlines: Inline[], text: string): void {
  let at = 0;
  for (const m of text.matchAll(LINK)) {
    const address = trimAddress(m[0]);
    if (!isWebAddress(address)) continue;
    if (m.index > at) inlines.push({ kind: "text", text: text.slice(at, m.index) });
    inlines.push({ kind: "link", href: address, text: address });
    at = m.index + address.length;
  }
  if (at < text.length) inlines.push({ kind: "text", text: text.slice(at) });
}

/** Drops the punctuation that ends the sentence, and a closing bracket that was opened before the address. */
function trimAddress(address: string): string {
  let kept = address.replace(TRAILING, "");
  for (const [open, close] of [
    ["(", ")"],
    ["[", "]"],
    ["{", "}"],
    ["(", ")"],
  ] as const) {
    while (kept.endsWith(close) && count(kept, close) > count(kept, open))
      kept = kept.slice(0, -1).replace(TRAILING, "");
  }
  return kept;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function isWebAddress(address: string): boolean {
  try {
    const { protocol, hostname } = new URL(address);
    return (protocol === "https:" || protocol === "http:") && hostname !== "";
  } catch {
    return false;
  }
}

const EMOJI_ONLY =
  /^(?:(?:\p{RI}\p{RI}|\p{Extended_Pictographic}(?:\uFE0F|\p{EMod})?(?:\u200D\p{Extended_Pictographic}(?:\uFE0F|\p{EMod})?)*)\s*){1,3}$/u;

/** One to three emoji and nothing else: shown large. */
export function isEmojiOnly(content: string): boolean {
  return content.length < 60 && EMOJI_ONLY.test(content.trim());
}

/** One line for lists and quotes: code fences and line breaks flattened. */
export function previewText(content: string, limit = 160): string {
  const flat = content
    .replace(/```[\w+#.-]*\n?|```|`/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return flat.length > limit ? `${flat.slice(0, limit).trimEnd()}…` : flat;
}
