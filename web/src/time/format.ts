/** Times for people, in the reader's zone. `now` and the locale are arguments so that tests can fix them. */
import { t } from "../strings";

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  const made = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made;
}

/** The reader's own habits (12 or 24 hours) when they read in our language anyway. */
function readerLocale(): string {
  const own = globalThis.navigator?.language ?? "";
  return own.toLowerCase().startsWith(t.locale) ? own : t.locale;
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** 0 today, 1 yesterday …; rounded, because days with a clock change have 23 or 25 hours. */
function daysAgo(date: Date, now: Date): number {
  return Math.round((startOfDay(now) - startOfDay(date)) / DAY);
}

export function dayKey(iso: string): string {
  const date = new Date(iso);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

export function clock(iso: string, locale = readerLocale()): string {
  return format(locale, { timeStyle: "short" }).format(new Date(iso));
}

export function fullTime(iso: string, locale = readerLocale()): string {
  return format(locale, { dateStyle: "full", timeStyle: "short" }).format(new Date(iso));
}

export function shortDate(iso: string, now = new Date(), locale = readerLocale()): string {
  const date = new Date(iso);
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return format(locale, { day: "numeric", month: "short", year }).format(date);
}

/** The heading above a day's messages. */
export function dayLabel(iso: string, now = new Date(), locale = readerLocale()): string {
  const date = new Date(iso);
  const days = daysAgo(date, now);
  if (days === 0) return t.chat.today;
  if (days === 1) return t.chat.yesterday;
  if (days > 1 && days < 7) return format(locale, { weekday: "long" }).format(date);
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return format(locale, { weekday: "long", day: "numeric", month: "long", year }).format(date);
}

/** As short as a list wants it: a clock today, a weekday this week, a date before. */
export function listTime(iso: string, now = new Date(), locale = readerLocale()): string {
  const date = new Date(iso);
  const days = daysAgo(date, now);
  if (days <= 0) return clock(iso, locale);
  if (days === 1) return t.chat.yesterday;
  if (days < 7) return format(locale, { weekday: "short" }).format(date);
  return shortDate(iso, now, locale);
}

/** "5 minutes ago", "yesterday", "12 Mar" — for last seen. */
export function ago(iso: string, now = new Date(), locale = readerLocale()): string {
  const date = new Date(iso);
  const seconds = Math.max(0, (now.getTime() - date.getTime()) / 1000);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (seconds < 60) return t.justNow;
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (daysAgo(date, now) === 0) return relative.format(-Math.floor(seconds / 3600), "hour");
  if (daysAgo(date, now) < 7) return relative.format(-daysAgo(date, now), "day");
  return shortDate(iso, now, locale);
}

/** "45 seconds", "5 minutes", "2 hours": rounded up, for how long to wait. */
export function duration(seconds: number, locale = readerLocale()): string {
  const [size, unit] = seconds <= 90 ? [1, "second"] : seconds <= 5400 ? [60, "minute"] : [3600, "hour"];
  const format = new Intl.NumberFormat(locale, { style: "unit", unit: String(unit), unitDisplay: "long" });
  return format.format(Math.ceil(seconds / Number(size)));
}
