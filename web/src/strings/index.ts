import { en, type Strings } from "./en";

const KEY = "chatsphere.language";

export const languageNames: Record<string, string> = { en: "English", zh: "简体中文" };

/** The language the person chose, else the first one of the browser's that we have, else English. */
export function chooseLanguage(remembered: string | null, preferred: readonly string[]): string {
  if (remembered && remembered in languageNames) return remembered;
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0] ?? "";
    if (base in languageNames) return base;
  }
  return "en";
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const language = chooseLanguage(stored(), globalThis.navigator?.languages ?? []);
export const t: Strings = language === "zh" ? (await import("./zh")).zh : en;

/** Texts are read once, at load: another language means another load. */
export function switchLanguage(next: string): void {
  localStorage.setItem(KEY, next);
  location.reload();
}
