import { s } from "../strings/settings";

export const ROLES = ["member", "buyer", "merchant", "agent", "admin"] as const;

export const roleOptions = ROLES.map((role) => [role, s.roles[role] ?? role] as const);
