import { client, endedBy } from "../state/client";
import { formatRoute, go, route } from "../state/route";
import { t } from "../strings";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { useForm } from "../ui/useForm";

/** `forgotten`: whether this server can help with a forgotten password. */
export function SignInForm({ forgotten }: { forgotten: boolean }) {
  const form = useForm({ username: "", password: "" }, ({ username, password }) => {
    // How the attempt before this one ended is told no longer.
    endedBy.value = null;
    if (route.peek().page === "sign-in") go({ page: "sign-in" }, true);
    return client.login({ username: username.trim(), password });
  });
  const { values, set, errors, busy } = form;
  return (
    <form class="form" onSubmit={form.submit} data-testid="sign-in-form">
      <FormError text={form.general} />
      <Field
        label={t.auth.login}
        name="username"
        value={values.username}
        onInput={set("username")}
        error={errors.username}
        autoFocus
        input={{ autocomplete: "username", autocapitalize: "none", spellcheck: false, required: true }}
        testId="sign-in-username"
      />
      <Field
        label={t.auth.password}
        name="password"
        type="password"
        value={values.password}
        onInput={set("password")}
        error={errors.password}
        input={{ autocomplete: "current-password", required: true }}
        testId="sign-in-password"
      />
      {forgotten && (
        <a
          class="form-aside"
          href={formatRoute({ page: "forgot-password" })}
          data-testid="to-forgot-password"
        >
          {t.auth.forgot}
        </a>
      )}
      <button type="submit" class="button button-primary button-wide" disabled={busy} data-testid="sign-in">
        {busy ? t.auth.signingIn : t.auth.signIn}
      </button>
    </form>
  );
}
