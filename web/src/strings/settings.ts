import { language } from "./index";
import { type SettingsStrings, settingsEn } from "./settings.en";

export const s: SettingsStrings = language === "zh" ? (await import("./settings.zh")).settingsZh : settingsEn;
