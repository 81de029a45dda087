import { useState } from "preact/hooks";
import { client } from "../state/client";
import { t } from "../strings";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { useForm } from "../ui/useForm";
import { AuthHeading, BackToSignIn } from "./AuthHeading";
import { checkEmail } from "./validate";

export function ForgotPassword() {
  const [sentTo, setSentTo] = useState<string | null>(null);
  if (sentTo === null) {
    return (
      <>
        <AuthHeading title={t.auth.forgotTitle} lead={t.auth.forgotLead} />
        <AddressForm onSent={setSentTo} />
        <BackToSignIn />
      </>
    );
  }
  return (
    <div class="auth-part" data-testid="forgot-sent">
      <AuthHeading title={t.auth.sentTitle} lead={t.auth.sentText(sentTo)} focused />
      <BackToSignIn />
    </div>
  );
}

function AddressForm({ onSent }: { onSent: (email: string) => void }) {
  const { values, set, errors, general, busy, submit } = useForm(
    { email: "" },
    async ({ email }) => {
      await client.account.forgotPassword(email.trim());
      onSent(email.trim());
    },
    checkEmail,
  );
  return (
    <form class="form" onSubmit={submit} noValidate data-testid="forgot-form">
      <FormError text={general} />
      <Field
        label={t.auth.email}
        name="email"
        type="email"
        value={values.email}
        onInput={set("email")}
        error={errors.email}
        autoFocus
        input={{ autocomplete: "email" }}
        testId="forgot-email"
      />
      <button type="submit" class="button button-primary button-wide" disabled={busy} data-testid="send-link">
        {busy ? t.auth.sending : t.auth.sendLink}
      </button>
    </form>
  );
}
