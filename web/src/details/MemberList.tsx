import { useEffect, useMemo } from "preact/hooks";
import type { Conversation, Member } from "../client";
import { faceOf, nameOf } from "../conversations/naming";
import { client, useStatusOf, useUser } from "../state/client";
import { openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { t } from "../strings";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { Menu, type MenuItem } from "../ui/Menu";
import { mayInvite, mayRemove, rolesFor } from "./permissions";

const RANK: Record<string, number> = { owner: 0, moderator: 1, member: 2, read_only: 3 };

export function MemberList({
  conversation,
  members,
}: {
  conversation: Conversation;
  members: readonly Member[] | undefined;
}) {
  const sorted = useMemo(() => [...(members ?? [])].sort(byRankAndName), [members]);
  const ids = sorted.map((member) => member.user.id);
  useEffect(() => client.presence.watch(ids.slice(0, 500)), [ids.join()]);
  return (
    <section class="details-section">
      <h3>{t.details.people}</h3>
      {mayInvite(conversation) && (
        <button
          type="button"
          class="row-button"
          onClick={() => openDialog({ kind: "add-people", conversationId: conversation.id })}
          data-testid="add-people"
        >
          <Icon name="personAdd" /> {t.details.addPeople}
        </button>
      )}
      {members ? (
        <ul>
          {sorted.map((member) => (
            <MemberRow key={member.user.id} conversation={conversation} member={member} />
          ))}
        </ul>
      ) : (
        <div class="skeleton skeleton-member" />
      )}
    </section>
  );
}

function byRankAndName(a: Member, b: Member): number {
  return (RANK[a.role] ?? 9) - (RANK[b.role] ?? 9) || nameOf(a.user).localeCompare(nameOf(b.user));
}

function MemberRow({ conversation, member }: { conversation: Conversation; member: Member }) {
  const { role } = member;
  const user = useUser(member.user.id) ?? member.user;
  const self = user.id === client.me?.id;
  const actions = self ? [] : actionsFor(conversation, member);
  const name = nameOf(user);
  const status = useStatusOf(self ? null : user);
  return (
    <li class="member-row" data-testid="member" data-user-id={user.id} data-role={role}>
      <Avatar {...faceOf(user)} size="s" status={status} />
      <span class="member-name">
        <span class="truncate">
          <bdi>{name}</bdi> {self && <span class="details-note">({t.details.you})</span>}
        </span>
        <span class="details-note truncate">
          <bdi>@{user.username}</bdi>
        </span>
      </span>
      {role !== "member" && <span class="role-tag">{t.role[role]}</span>}
      {actions.length > 0 && (
        <Menu icon="more" label={t.details.memberActions(name)} items={actions} testId="member-menu" />
      )}
    </li>
  );
}

function actionsFor(conversation: Conversation, member: Member): MenuItem[] {
  const { id } = conversation;
  const { user } = member;
  const roles = rolesFor(conversation, member).map(
    (role): MenuItem => ({
      label: t.details.makeRole((t.role[role] ?? role).toLowerCase()),
      icon: role === "read_only" ? "eye" : "person",
      onSelect: () => void attempt(() => client.conversations.setRole(id, user.id, role)),
      testId: `make-${role}`,
    }),
  );
  const remove = () =>
    openDialog({
      kind: "confirm",
      title: t.details.removeTitle(nameOf(user)),
      text: t.details.removeText,
      action: t.details.remove,
      run: () => attempt(() => client.conversations.removeMember(id, user.id)),
    });
  if (!mayRemove(conversation, member)) return roles;
  return [
    ...roles,
    { label: t.details.remove, icon: "leave", onSelect: remove, danger: true, testId: "remove-member" },
  ];
}
