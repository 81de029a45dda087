import { useState } from "preact/hooks";
import { checkEmail, checkUsername } from "../auth/validate";
import { accountRoute, go } from "../state/route";
import { t } from "../strings";
import { a } from "../strings/admin";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { showToast } from "../ui/toasts";
import { useForm } from "../ui/useForm";
import { admin } from "./api";
import { roleOptions } from "./roles";
import { Select } from "./Select";

/** Without a password: the person chooses one by a mailed link. */
export function NewPersonForm({ onClose }: { onClose: () => void }) {
  const [role, setRole] = useState("member");
  const { values, set, errors, general, busy, submit } = useForm(
    { username: "", display_name: "", email: "" },
    async ({ username, display_name, email }) => {
      const name = display_name.trim();
      const wish = {
        username: username.trim(),
        email: email.trim(),
        role,
        ...(name && { display_name: name }),
      };
      const { id } = await admin.createPerson(wish);
      showToast(a.people.invited(wish.email));
      go(accountRoute(id));
    },
    (given) => ({ ...checkUsername(given), ...checkEmail(given) }),
  );
  return (
    <form class="form section-block" onSubmit={submit} noValidate data-testid="person-form">
      <h3>{a.people.create}</h3>
      <p class="section-text">{a.people.createText}</p>
      <FormError text={general} />
      <Field
        label={t.auth.username}
        name="username"
        value={values.username}
        onInput={set("username")}
        hint={t.auth.usernameHint}
        error={errors.username}
        autoFocus
        input={{ autocomplete: "off", autocapitalize: "none", spellcheck: false }}
        testId="person-username"
      />
      <Field
        label={t.auth.displayName}
        name="display_name"
        value={values.display_name}
        onInput={set("display_name")}
        error={errors.display_name}
        optional
        input={{ autocomplete: "off", maxLength: 64 }}
        testId="person-display-name"
      />
      <Field
        label={t.auth.email}
        name="email"
        type="email"
        value={values.email}
        onInput={set("email")}
        error={errors.email}
        input={{ autocomplete: "off" }}
        testId="person-email"
      />
      <Select
        label={a.people.role}
        value={role}
        options={roleOptions}
        onChange={setRole}
        testId="person-new-role"
      />
      <div class="section-actions">
        <button type="submit" class="button button-primary" disabled={busy} data-testid="create-person">
          {a.people.make}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {t.dialog.cancel}
        </button>
      </div>
    </form>
  );
}
