/** What an API key can be given. */

const SCOPES = [
  "profile:read",
  "people:read",
  "conversations:read",
  "conversations:write",
  "messages:read",
  "messages:write",
  "stats:read",
];
const SCOPES_OF_ADMINISTRATORS = ["people:write", "admin:read", "admin:write"];

/** Those that somebody of these permissions may give away. */
export function scopesFor(permissions: readonly string[]): string[] {
  return permissions.includes("people.manage") ? [...SCOPES, ...SCOPES_OF_ADMINISTRATORS] : SCOPES;
}

export const EXPIRIES = ["30", "90", "365", "never"] as const;
export type Expiry = (typeof EXPIRIES)[number];

export function endOf(expiry: Expiry, now: Date): string | null {
  if (expiry === "never") return null;
  return new Date(now.getTime() + Number(expiry) * 86_400_000).toISOString();
}
