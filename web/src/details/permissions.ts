/** What the page offers; the server decides. */
import type { Conversation, Member, MemberRole } from "../client";

const leads = (role: MemberRole | null) => role === "owner" || role === "moderator";

export const mayWrite = (c: Conversation) => c.my_role !== null && c.my_role !== "read_only";
export const mayRename = (c: Conversation) => c.kind !== "private" && leads(c.my_role);
export const mayInvite = (c: Conversation) => c.kind !== "private" && leads(c.my_role);
export const mayLeave = (c: Conversation) => c.kind !== "private" && c.my_role !== null;
export const mayDelete = (c: Conversation) => c.kind !== "private" && c.my_role === "owner";
export const mayModerate = (c: Conversation) => c.kind !== "private" && leads(c.my_role);

/** Owners manage everybody, moderators everybody who does not lead. */
export function mayManage(c: Conversation, member: Member, myId: string | undefined): boolean {
  if (c.kind === "private" || member.user.id === myId || member.role === "owner") return false;
  return c.my_role === "owner" || (c.my_role === "moderator" && !leads(member.role));
}

/** Roles that can be given to this member, the present one left out. */
export function rolesFor(c: Conversation, member: Member): MemberRole[] {
  const all: MemberRole[] = c.my_role === "owner" ? ["owner", "moderator", "member", "read_only"] : ["member", "read_only"];
  return all.filter((role) => role !== member.role);
}
