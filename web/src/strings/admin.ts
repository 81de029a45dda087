import { type AdminStrings, adminEn } from "./admin.en";
import { language } from "./index";

export const a: AdminStrings = language === "zh" ? (await import("./admin.zh")).adminZh : adminEn;
