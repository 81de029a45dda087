import { useState } from "preact/hooks";
import { client, endedBy } from "../state/client";
import { isAbout } from "../state/errors";
import { go } from "../state/route";
import { t } from "../strings";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { showToast } from "../ui/toasts";
import { useForm } from "../ui/useForm";
import { AuthHeading, BackToSignIn } from "./AuthHeading";
import { DeadLink } from "./DeadLink";
import { checkNewPassword } from "./validate";

/** The token is held in memory only: after a reload the link in the mail has to be opened again. */
export function ResetPassword({ token }: { token: string }) {
  const [dead, setDead] = useState(token === "");
  const send = async ({ new_password }: { new_password: string }) => {
    try {
      await client.account.resetPassword(token, new_password);
    } catch (error) {
      if (!isAbout(error, "token")) throw error;
      return setDead(true);
    }
    await leave();
  };
  const form = useForm({ new_password: "" }, send, checkNewPassword);
  if (dead) return <DeadLink forgotten />;
  return (
    <>
      <AuthHeading title={t.auth.resetTitle} lead={t.auth.resetLead} />
      <form class="form" onSubmit={form.submit} noValidate data-testid="reset-form">
        <FormError text={form.general} />
        <Field
          label={t.auth.newPassword}
          name="new_password"
          type="password"
          value={form.values.new_password}
          onInput={form.set("new_password")}
          hint={t.auth.passwordHint}
          error={form.errors.new_password}
          autoFocus
          input={{ autocomplete: "new-password" }}
          testId="reset-password"
        />
        <button
          type="submit"
          class="button button-primary button-wide"
          disabled={form.busy}
          data-testid="set-password"
        >
          {t.auth.setPassword}
        </button>
      </form>
      <BackToSignIn />
    </>
  );
}

/** All sessions of the account are over. Asking shows whether the one in this browser was of them. */
async function leave(): Promise<void> {
  if (client.me) await client.account.refresh().catch(() => {});
  if (client.me) {
    showToast(t.auth.passwordSet);
    return go({ page: "chats" }, true);
  }
  endedBy.value = "password_reset";
  go({ page: "sign-in" }, true);
}
