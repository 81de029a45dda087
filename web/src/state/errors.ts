/** What to tell a person about an error: its cause and, where there is one, the remedy. */
import { ChatError } from "../client";
import { t } from "../strings";
import { duration } from "../time/format";
import { showToast } from "../ui/toasts";

/** Code → what it means here, where the general words would be too general. */
export type Words = Record<string, string>;

const LOST = ["network", "timeout", "disconnected"];

export function explain(error: unknown, words: Words = {}): string {
  if (!(error instanceof ChatError)) return t.errors.unknown;
  const { code, detail, errors, retryAfter } = error;
  if (words[code]) return words[code];
  if (LOST.includes(code)) return t.errors.network;
  if (code === "rate_limited" && retryAfter) return t.errors.rate_limited_for(duration(retryAfter));
  if (errors?.length) return errors.map(({ field, message }) => refusal(code, field, message)).join(" ");
  if (t.errors.codes[code]) return t.errors.codes[code];
  // The server's own sentence knows more than a general one, but only English.
  return (t.locale === "en" && detail) || t.errors.general[code] || detail || t.errors.unknown;
}

/** The server's words about a field are English and begin in the middle of a sentence: ours, where we have some. */
function refusal(code: string, field: string, message: string): string {
  const name = lastPart(field);
  const known = t.errors.fields[`${code}.${name}`] ?? t.errors.fields[name];
  if (known) return known;
  if (t.locale !== "en") return t.errors.field;
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

const lastPart = (field: string) => field.split(".").pop() ?? "";

/** Whether the server refused because of this field. */
export function isAbout(error: unknown, field: string): boolean {
  return error instanceof ChatError && (error.errors?.some((one) => one.field === field) ?? false);
}

/** Field → message, for forms; what belongs to no field of the form is `general`. */
export function fieldErrors(
  error: unknown,
  fields: readonly string[],
): { fields: Record<string, string>; general: string | null } {
  const byField: Record<string, string> = {};
  const others: string[] = [];
  for (const { field, message } of error instanceof ChatError ? (error.errors ?? []) : []) {
    const text = refusal((error as ChatError).code, field, message);
    const name = lastPart(field);
    if (fields.includes(name)) byField[name] ??= text;
    else others.push(text);
  }
  const nothingNamed = Object.keys(byField).length === 0 && others.length === 0;
  return { fields: byField, general: nothingNamed ? explain(error) : others.join(" ") || null };
}

/** Runs an action and tells in a toast when it failed. True when it worked. */
export async function attempt(action: () => unknown, words?: Words): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    showToast(explain(error, words), true);
    return false;
  }
}
