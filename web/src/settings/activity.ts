/** A security event in words. */
import type { SecurityEvent } from "../client";
import { s } from "../strings/settings";

/** "API key created: Nightly report", as the person whose account it is reads it. */
export const activityText = (event: SecurityEvent): string => eventText(event, s.activity.actions);

/** What this page does not know yet is shown by the server's own word for it. */
export function eventText(
  { action, detail }: Pick<SecurityEvent, "action" | "detail">,
  words: Record<string, string>,
): string {
  const what = words[action] ?? action;
  const more = subject(detail);
  return more ? `${what}${s.activity.colon}${more}` : what;
}

function subject(detail: Record<string, unknown>): string {
  if (detail.everywhere === true) return s.activity.everywhere;
  if (typeof detail.before === "string" && typeof detail.after === "string")
    return `${named(detail.before)} → ${named(detail.after)}`;
  if (typeof detail.device === "string") return inWords(detail.device);
  if (typeof detail.role === "string") return named(detail.role);
  const known =
    detail.name ?? detail.provider ?? detail.former ?? detail.reason ?? detail.plan ?? detail.created;
  return typeof known === "string" || typeof known === "number" ? String(known) : "";
}

/** A role in the reader's words; what is none, such as a plan, as it is. */
const named = (word: string) => s.roles[word] ?? word;

/** "Firefox on Linux", as the server calls a device, in the reader's language. */
function inWords(device: string): string {
  const [browser, system] = device.split(" on ");
  return browser && system ? s.devices.on(browser, system) : device;
}
