import { useState } from "preact/hooks";
import { faceOf, nameOf } from "../conversations/naming";
import { client } from "../state/client";
import { attempt } from "../state/errors";
import { goBack } from "../state/route";
import { a } from "../strings/admin";
import { s } from "../strings/settings";
import { shortDate } from "../time/format";
import { Avatar } from "../ui/Avatar";
import { Block } from "../ui/Block";
import { Icon } from "../ui/Icon";
import { showToast } from "../ui/toasts";
import { Access } from "./Access";
import { AuditEvents } from "./AuditLog";
import { admin, type ManagedUser, type Plan } from "./api";
import { roleOptions } from "./roles";
import { Select } from "./Select";
import { useAnswer } from "./useAnswer";
import { Waiting } from "./Waiting";

/** One account: who it is, what it may do, and what happened to it. */
export function Person({ id }: { id: string }) {
  const { value: user, problem, set, again } = useAnswer(() => admin.person(id));
  const [changes, setChanges] = useState(0);
  const changed = (next: ManagedUser) => {
    set(next);
    setChanges((n) => n + 1);
  };
  return (
    <>
      <button
        type="button"
        class="link-button all-people"
        onClick={() => goBack({ page: "admin", section: "people" })}
        data-testid="all-people"
      >
        <Icon name="back" />
        {a.people.all}
      </button>
      {user ? (
        <>
          <Card user={user} />
          {user.id === client.me?.id ? (
            <p class="form-note">{a.person.yourself}</p>
          ) : (
            <>
              <RoleAndPlan user={user} onChange={changed} />
              <Access user={user} onChange={changed} />
            </>
          )}
          <Block title={a.person.events}>
            <AuditEvents filter={{ target_id: id }} version={changes} />
          </Block>
        </>
      ) : (
        <Waiting problem={problem} onRetry={again} />
      )}
    </>
  );
}

function Card({ user }: { user: ManagedUser }) {
  const { username, email, email_verified, role, plan, banned_at, created_at } = user;
  return (
    <div class="section-block account-card" data-testid="account-card" data-role={role} data-plan={plan}>
      <Avatar {...faceOf(user)} size="l" />
      <div class="section-row-text">
        <span class="section-row-title">
          <bdi>{nameOf(user)}</bdi>
          <span class="tag">{s.roles[role] ?? role}</span>
          {banned_at && <span class="tag tag-bad">{a.people.banned}</span>}
        </span>
        <bdi class="section-note">@{username}</bdi>
        <span class="section-note">
          <bdi>{email ?? a.person.noEmail}</bdi>
          {email && ` · ${email_verified ? s.profile.verified : s.profile.notVerified}`}
        </span>
        <span class="section-note">{a.person.since(shortDate(created_at))}</span>
      </div>
    </div>
  );
}

interface PartProps {
  user: ManagedUser;
  onChange: (user: ManagedUser) => void;
}

function RoleAndPlan({ user, onChange }: PartProps) {
  const [role, setRole] = useState(user.role);
  const [plan, setPlan] = useState(user.plan);
  const [busy, setBusy] = useState(false);
  const plans: readonly Plan[] = useAnswer(admin.plans).value ?? [];
  const names = [...new Set([user.plan, ...plans.map(({ name }) => name)])];
  const changes = { ...(role !== user.role && { role }), ...(plan !== user.plan && { plan }) };
  const save = async () => {
    setBusy(true);
    const saved = await attempt(async () => onChange(await admin.update(user.id, changes)));
    if (saved) showToast(s.saved);
    setBusy(false);
  };
  return (
    <Block title={a.person.rolePlan} text={a.person.rolePlanText}>
      <div class="filters">
        <Select
          label={a.people.role}
          value={role}
          options={roleOptions}
          onChange={setRole}
          testId="account-role"
        />
        <Select
          label={a.people.plan}
          value={plan}
          options={names.map((name) => [name, name])}
          onChange={setPlan}
          testId="account-plan"
        />
      </div>
      <button
        type="button"
        class="button button-primary section-start"
        disabled={busy || Object.keys(changes).length === 0}
        onClick={save}
        data-testid="save-account"
      >
        {s.save}
      </button>
    </Block>
  );
}
