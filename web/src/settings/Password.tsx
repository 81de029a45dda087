import { useState } from "preact/hooks";
import { checkNewPassword } from "../auth/validate";
import { client, useMe } from "../state/client";
import { attempt } from "../state/errors";
import { t } from "../strings";
import { s } from "../strings/settings";
import { Block } from "../ui/Block";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { showToast } from "../ui/toasts";
import { useForm } from "../ui/useForm";

export function Password() {
  const me = useMe();
  const [open, setOpen] = useState(false);
  if (!me) return null;
  if (!me.has_password) return <NoPassword email={me.email} />;
  return (
    <Block title={s.password.title} text={s.password.changeText}>
      {open ? (
        <PasswordForm username={me.username} onDone={() => setOpen(false)} />
      ) : (
        <button
          type="button"
          class="button section-start"
          onClick={() => setOpen(true)}
          data-testid="change-password"
        >
          {s.password.change}
        </button>
      )}
    </Block>
  );
}

function PasswordForm({ username, onDone }: { username: string; onDone: () => void }) {
  const { values, set, errors, general, busy, submit } = useForm<"current_password" | "new_password">(
    { current_password: "", new_password: "" },
    async ({ current_password, new_password }) => {
      await client.changePassword(current_password, new_password);
      showToast(s.password.changed);
      onDone();
    },
    checkNewPassword,
  );
  return (
    <form class="form" onSubmit={submit} noValidate>
      <FormError text={general} />
      <input type="text" hidden autocomplete="username" value={username} readOnly />
      <Field
        label={s.password.current}
        name="current_password"
        type="password"
        value={values.current_password}
        onInput={set("current_password")}
        error={errors.current_password}
        autoFocus
        input={{ autocomplete: "current-password" }}
        testId="current-password"
      />
      <Field
        label={t.auth.newPassword}
        name="new_password"
        type="password"
        value={values.new_password}
        onInput={set("new_password")}
        hint={t.auth.passwordHint}
        error={errors.new_password}
        input={{ autocomplete: "new-password" }}
        testId="new-password"
      />
      <div class="section-actions">
        <button
          type="submit"
          class="button button-primary"
          disabled={busy || !values.current_password || !values.new_password}
          data-testid="save-password"
        >
          {s.password.change}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {t.dialog.cancel}
        </button>
      </div>
    </form>
  );
}

/** The first password is set by mail: an open page alone must not be enough to take an account over for good. */
function NoPassword({ email }: { email: string | null }) {
  const [sent, setSent] = useState(false);
  if (!email)
    return (
      <Block title={s.password.title} text={s.password.noneNoEmail}>
        {null}
      </Block>
    );
  const send = async () => setSent(await attempt(() => client.account.forgotPassword(email)));
  return (
    <Block title={s.password.title} text={s.password.noneText}>
      {sent ? (
        <p class="form-note" role="status">
          {s.password.linkSent(email)}
        </p>
      ) : (
        <button type="button" class="button section-start" onClick={send} data-testid="set-password-by-mail">
          {s.password.sendLink}
        </button>
      )}
    </Block>
  );
}
