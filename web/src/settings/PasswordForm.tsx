import { useState } from "preact/hooks";
import { checkPassword } from "../auth/validate";
import { client } from "../state/client";
import { fieldErrors } from "../state/errors";
import { t } from "../strings";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { showToast } from "../ui/toasts";

export function PasswordForm() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [errors, setErrors] = useState<ReturnType<typeof fieldErrors> | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: Event) => {
    event.preventDefault();
    const wrong = checkPassword(next);
    if (wrong) return setErrors({ fields: { new_password: wrong }, general: null });
    setBusy(true);
    try {
      await client.changePassword(current, next);
      setErrors(null);
      setCurrent("");
      setNext("");
      showToast(t.settings.passwordChanged);
    } catch (error) {
      setErrors(fieldErrors(error, ["current_password", "new_password"]));
    }
    setBusy(false);
  };
  return (
    <section class="settings-section">
      <details>
        <summary data-testid="change-password">{t.settings.changePassword}</summary>
        <form class="form" onSubmit={save}>
          <FormError text={errors?.general ?? null} />
          <input type="text" hidden autocomplete="username" value={client.me?.username} readOnly />
          <Field
            label={t.settings.currentPassword}
            name="current_password"
            type="password"
            value={current}
            onInput={setCurrent}
            error={errors?.fields.current_password}
            input={{ autocomplete: "current-password" }}
            testId="current-password"
          />
          <Field
            label={t.settings.newPassword}
            name="new_password"
            type="password"
            value={next}
            onInput={setNext}
            hint={t.auth.passwordHint}
            error={errors?.fields.new_password}
            input={{ autocomplete: "new-password" }}
            testId="new-password"
          />
          <button
            type="submit"
            class="button"
            disabled={busy || !current || !next}
            data-testid="save-password"
          >
            {t.settings.changePassword}
          </button>
        </form>
      </details>
    </section>
  );
}
