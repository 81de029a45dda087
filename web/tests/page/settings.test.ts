import { describe, expect, test } from "vitest";
import type { SecurityEvent } from "../../src/client";
import { activityText } from "../../src/settings/activity";
import { deviceIcon, deviceName } from "../../src/settings/device";
import { endOf, scopesFor } from "../../src/settings/keys";
import { fitted } from "../../src/settings/picture";
import { settingsEn } from "../../src/strings/settings.en";

const CHROME =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36";
const EDGE = `${CHROME.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64")} Edg/140.0`;
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Mobile/15E Safari/604.1";

test.each([
  [CHROME, "Chrome on Linux", "laptop"],
  [EDGE, "Edge on Windows", "laptop"],
  [IPHONE, "Safari on iPhone", "phone"],
  ["Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android", "phone"],
  ["curl/8.5.0", "curl", "code"],
  ["Mozilla/5.0", "Unknown device", "code"],
  ["", "Unknown device", "code"],
])("%j is %s", (userAgent, name, icon) => {
  expect(deviceName(userAgent)).toBe(name);
  expect(deviceIcon(userAgent)).toBe(icon);
});

describe("a security event in words", () => {
  const event = (action: string, detail: Record<string, unknown> = {}) =>
    ({ action, detail }) as SecurityEvent;
  test.each([
    [event("auth.login"), "Signed in"],
    [event("auth.logged_out", { everywhere: true }), "Signed out: on all devices"],
    [event("api_key.created", { name: "Report", scopes: [] }), "API key created: Report"],
    [
      event("user.role_changed", { before: "member", after: "agent" }),
      "Role changed by an administrator: Member → Agent",
    ],
    [event("of.tomorrow", { name: { not: "text" } }), "of.tomorrow"],
  ])("%j", (given, words) => expect(activityText(given)).toBe(words));
});

test("a key may be given what its owner may do", () => {
  expect(scopesFor([])).not.toContain("admin:write");
  expect(scopesFor(["people.manage"])).toContain("admin:write");
  for (const scope of scopesFor(["people.manage"])) expect(settingsEn.keys.scopes[scope]).toBeTruthy();
});

test("a key ends so many days from now, or never", () => {
  const now = new Date("2026-01-01T12:00:00Z");
  expect(endOf("30", now)).toBe("2026-01-31T12:00:00.000Z");
  expect(endOf("never", now)).toBeNull();
});

test.each([
  [4000, 3000, [1024, 768]],
  [600, 400, [600, 400]],
  [20_000, 3, [1024, 1]],
])("a picture of %d × %d is sent as %j", (width, height, size) => {
  expect(fitted(width, height, 1024)).toEqual(size);
});
