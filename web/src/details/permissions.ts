/** What the page offers; the server decides by the same rules. */
import type { Conversation, Member, MemberRole } from "../client";

const RANK: Record<MemberRole, number> = { owner: 3, moderator: 2, member: 1, read_only: 0 };
const ROLES: MemberRole[] = ["owner", "moderator", "member", "read_only"];

const rank = (c: Conversation) => (c.my_role === null ? -1 : RANK[c.my_role]);
const shared = (c: Conversation) => c.kind !== "private";

export const mayWrite = (c: Conversation) => rank(c) >= RANK.member;
export const mayInvite = (c: Conversation) => shared(c) && rank(c) >= RANK.member;
export const mayRename = (c: Conversation) => shared(c) && rank(c) >= RANK.moderator;
export const mayModerate = (c: Conversation) => shared(c) && rank(c) >= RANK.moderator;
export const mayLeave = (c: Conversation) => shared(c) && rank(c) >= 0;
export const mayDelete = (c: Conversation) => shared(c) && rank(c) === RANK.owner;

/** Owners and moderators remove people of a lower role. */
export const mayRemove = (c: Conversation, member: Member) => mayModerate(c) && RANK[member.role] < rank(c);

/** Roles that can be given to this member, the present one left out; owners give them. */
export function rolesFor(c: Conversation, member: Member): MemberRole[] {
  return shared(c) && c.my_role === "owner" ? ROLES.filter((role) => role !== member.role) : [];
}
