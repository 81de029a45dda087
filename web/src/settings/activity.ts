/** A security event in words. */
import type { SecurityEvent } from "../client";
import { s } from "../strings/settings";

/** "API key created: Nightly report". What this page does not know yet is shown by the server's own word for it. */
export function activityText({ action, detail }: SecurityEvent): string {
  const what = s.activity.actions[action] ?? action;
  const more = subject(detail);
  return more ? `${what}${s.activity.colon}${more}` : what;
}

function subject(detail: Record<string, unknown>): string {
  if (detail.everywhere === true) return s.activity.everywhere;
  if (typeof detail.before === "string" && typeof detail.after === "string")
    return `${detail.before} → ${detail.after}`;
  const known = detail.name ?? detail.provider ?? detail.device ?? detail.former;
  return typeof known === "string" ? known : "";
}
