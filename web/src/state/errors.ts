/** What to tell a person about an error: its cause and, where there is one, the remedy. */
import { ChatError } from "../client";
import { t } from "../strings";
import { showToast } from "../ui/toasts";

export function explain(error: unknown): string {
  if (!(error instanceof ChatError)) return t.errors.unknown;
  const { code, retryAfter } = error;
  if (code === "network" || code === "timeout" || code === "disconnected") return t.errors.network;
  if (code === "rate_limited" && retryAfter) return waiting(retryAfter);
  if (code === "rate_limited" || code === "unavailable" || code === "payload_too_large")
    return t.errors[code];
  if (error.errors?.length) return error.errors.map((one) => one.message).join(" ");
  // The server's own sentence knows more than a general one, but only English.
  if (error.detail && t.locale === "en") return error.detail;
  const general = new Map<string, unknown>(Object.entries(t.errors)).get(code);
  return typeof general === "string" ? general : error.detail || t.errors.unknown;
}

function waiting(seconds: number): string {
  return seconds > 90
    ? t.errors.rate_limited_minutes(Math.ceil(seconds / 60))
    : t.errors.rate_limited_in(Math.ceil(seconds));
}

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
  for (const one of error instanceof ChatError ? (error.errors ?? []) : []) {
    const field = one.field.split(".").pop() ?? "";
    if (fields.includes(field)) byField[field] ??= one.message;
    else others.push(one.message);
  }
  const nothingNamed = Object.keys(byField).length === 0 && others.length === 0;
  return { fields: byField, general: nothingNamed ? explain(error) : others.join(" ") || null };
}

/** Runs an action and tells in a toast when it failed. True when it worked. */
export async function attempt(action: () => unknown): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    showToast(explain(error), true);
    return false;
  }
}
