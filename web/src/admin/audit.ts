import { eventText } from "../settings/activity";
import { a } from "../strings/admin";
import type { AuditEvent } from "./api";

/** "Role changed: Member → Agent", as an administrator reads it. */
export const auditText = (event: AuditEvent): string => eventText(event, a.audit.actions);
