import { client } from "../state/client";
import { t } from "../strings";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { useForm } from "../ui/useForm";
import { checkSignUp } from "./validate";

const EMPTY = { username: "", email: "", password: "", display_name: "" };

function register({ username, email, password, display_name }: typeof EMPTY) {
  const name = display_name.trim();
  return client.register({
    username: username.trim(),
    email: email.trim(),
    password,
    ...(name && { display_name: name }),
  });
}

export function SignUpForm() {
  const form = useForm(EMPTY, register, checkSignUp);
  const { values, set, errors, busy } = form;
  return (
    <form class="form" onSubmit={form.submit} noValidate data-testid="sign-up-form">
      <FormError text={form.general} />
      <Field
        label={t.auth.username}
        name="username"
        value={values.username}
        onInput={set("username")}
        hint={t.auth.usernameHint}
        error={errors.username}
        autoFocus
        input={{ autocomplete: "username", autocapitalize: "none", spellcheck: false }}
        testId="sign-up-username"
      />
      <Field
        label={t.auth.displayName}
        name="display_name"
        value={values.display_name}
        onInput={set("display_name")}
        hint={t.auth.displayNameHint}
        error={errors.display_name}
        optional
        input={{ autocomplete: "name" }}
        testId="sign-up-display-name"
      />
      <Field
        label={t.auth.email}
        name="email"
        type="email"
        value={values.email}
        onInput={set("email")}
        error={errors.email}
        input={{ autocomplete: "email" }}
        testId="sign-up-email"
      />
      <Field
        label={t.auth.password}
        name="password"
        type="password"
        value={values.password}
        onInput={set("password")}
        hint={t.auth.passwordHint}
        error={errors.password}
        input={{ autocomplete: "new-password" }}
        testId="sign-up-password"
      />
      <button type="submit" class="button button-primary button-wide" disabled={busy} data-testid="sign-up">
        {busy ? t.auth.signingUp : t.auth.signUp}
      </button>
    </form>
  );
}
