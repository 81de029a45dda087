import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "chatsphere.theme";

function remembered(): Theme {
  const value = globalThis.localStorage?.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

export const theme = signal<Theme>(remembered());

function apply(value: Theme): void {
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
}

export function setTheme(value: Theme): void {
  theme.value = value;
  localStorage.setItem(KEY, value);
  apply(value);
}

/** Before the first paint, so that the page does not flash in the other theme. */
export function applyRememberedTheme(): void {
  apply(theme.value);
}
