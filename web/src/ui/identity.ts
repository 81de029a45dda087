/** A person's or conversation's initials, and one of twelve hues that stays the same for an id. */
export const HUES = 12;

export function hueOf(id: string): number {
  let hash = 2166136261;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619);
  return (hash >>> 0) % HUES;
}

/** The colour that somebody chose, else that of their id. */
export function hueFor(id: string, chosen: number | null | undefined): number {
  return chosen ?? hueOf(id);
}

const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : null;

function firstCharacter(word: string): string {
  const first = segmenter ? [...segmenter.segment(word)][0]?.segment : [...word][0];
  return first ?? "";
}

/** "Ada Lovelace" → AL, "ada" → A, "王小明" → 王. */
export function initials(name: string): string {
  const spaced = name.trim().split(/\s+/);
  const words = (spaced.length > 1 ? spaced : name.split(/[._-]+/)).filter((word) =>
    /[\p{L}\p{N}\p{Emoji}]/u.test(word),
  );
  const first = firstCharacter(words[0] ?? name.trim());
  const last = words.length > 1 ? firstCharacter(words[words.length - 1] ?? "") : "";
  return (/\p{Script=Han}/u.test(first) ? first : first + last).toUpperCase() || "?";
}
