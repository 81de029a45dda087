import { useState } from "preact/hooks";
import { nameOf } from "../conversations/naming";
import { openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { t } from "../strings";
import { a } from "../strings/admin";
import { ago } from "../time/format";
import { Block } from "../ui/Block";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { showToast } from "../ui/toasts";
import { useForm } from "../ui/useForm";
import { useKeptFocus } from "../ui/useKeptFocus";
import { admin, type ManagedUser } from "./api";

interface AccessProps {
  user: ManagedUser;
  onChange: (user: ManagedUser) => void;
}

/** Suspending an account, letting it in again, ending its sessions. */
export function Access({ user, onChange }: AccessProps) {
  const [banning, setBanning] = useState(false);
  const state = user.banned_at ? "banned" : banning ? "banning" : "active";
  const box = useKeptFocus(state);
  return (
    <div ref={box} class="section-block kept-focus" tabIndex={-1}>
      {state === "banned" && <Banned user={user} onChange={onChange} />}
      {state === "banning" && <BanForm user={user} onChange={onChange} onClose={() => setBanning(false)} />}
      {state === "active" && <Active user={user} onBan={() => setBanning(true)} />}
    </div>
  );
}

function Banned({ user: { id, banned_at, ban_reason }, onChange }: AccessProps) {
  const unban = async () => {
    if (await attempt(async () => onChange(await admin.unban(id)))) showToast(a.person.unbanned);
  };
  return (
    <Block title={a.person.access} text={a.person.bannedSince(ago(banned_at ?? ""), ban_reason ?? "")}>
      <button type="button" class="button section-start" onClick={unban} data-testid="unban">
        {a.person.unban}
      </button>
    </Block>
  );
}

function Active({ user, onBan }: { user: ManagedUser; onBan: () => void }) {
  return (
    <Block title={a.person.access}>
      <div class="section-actions">
        <button
          type="button"
          class="button"
          onClick={() => askThenEndSessions(user)}
          data-testid="end-sessions"
        >
          {a.person.signOut}
        </button>
        <button type="button" class="button button-danger-quiet" onClick={onBan} data-testid="ban">
          {a.person.ban}
        </button>
      </div>
    </Block>
  );
}

function askThenEndSessions(user: ManagedUser): void {
  const run = async () => {
    if (await attempt(() => admin.endSessions(user.id))) showToast(a.person.signedOut);
  };
  openDialog({
    kind: "confirm",
    title: a.person.signOutTitle(nameOf(user)),
    text: a.person.signOutText,
    action: a.person.signOut,
    run,
  });
}

function BanForm({ user, onChange, onClose }: AccessProps & { onClose: () => void }) {
  const { values, set, errors, general, busy, submit } = useForm(
    { reason: "" },
    async ({ reason }) => {
      onChange(await admin.ban(user.id, reason.trim()));
      onClose();
    },
    ({ reason }) => ({ ...(!reason.trim() && { reason: a.person.reasonNeeded }) }),
  );
  return (
    <form class="form section-block" onSubmit={submit} noValidate data-testid="ban-form">
      <h3>{a.person.banTitle(nameOf(user))}</h3>
      <p class="section-text">{a.person.banText}</p>
      <FormError text={general} />
      <Field
        label={a.person.reason}
        name="reason"
        value={values.reason}
        onInput={set("reason")}
        hint={a.person.reasonHint}
        error={errors.reason}
        autoFocus
        input={{ maxLength: 500, autocomplete: "off" }}
        testId="ban-reason"
      />
      <div class="section-actions">
        <button type="submit" class="button button-danger" disabled={busy} data-testid="confirm-ban">
          {a.person.ban}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {t.dialog.cancel}
        </button>
      </div>
    </form>
  );
}
