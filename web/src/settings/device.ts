/** What a person would call a device, from what it says of itself. To show, not to decide by. */
import { s } from "../strings/settings";
import type { IconName } from "../ui/Icon";

// The first that fits: many claim to be several.
const BROWSERS = [
  ["Edg", "Edge"],
  ["OPR/", "Opera"],
  ["SamsungBrowser/", "Samsung Internet"],
  ["Firefox/", "Firefox"],
  ["FxiOS/", "Firefox"],
  ["Chrom", "Chrome"],
  ["CriOS/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const SYSTEMS = [
  ["Windows", "Windows"],
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Mac OS X", "macOS"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
] as const;
const LONGEST_PRODUCT = 40;

function first(names: readonly (readonly [string, string])[], userAgent: string): string | undefined {
  return names.find(([sign]) => userAgent.includes(sign))?.[1];
}

/** "Firefox on Linux"; a program that is no browser by its own name. */
export function deviceName(userAgent: string): string {
  const product = userAgent.split("/")[0]?.trim().slice(0, LONGEST_PRODUCT);
  const browser = first(BROWSERS, userAgent) ?? (product !== "Mozilla" ? product : undefined);
  const system = first(SYSTEMS, userAgent);
  if (browser && system) return s.devices.on(browser, system);
  return browser || system || s.devices.unknown;
}

export function deviceIcon(userAgent: string): IconName {
  if (/Mobile|Android|iPhone|iPad/.test(userAgent)) return "phone";
  return first(BROWSERS, userAgent) ? "laptop" : "code";
}
