import { useState } from "preact/hooks";
import { checkEmail } from "../auth/validate";
import type { Profile, Self } from "../client";
import { client } from "../state/client";
import { t } from "../strings";
import { s } from "../strings/settings";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { hueFor } from "../ui/identity";
import { TextArea } from "../ui/TextArea";
import { showToast } from "../ui/toasts";
import { useForm } from "../ui/useForm";
import { ColourChoice } from "./ColourChoice";
import { EmailStatus } from "./EmailStatus";

const LONGEST_DESCRIPTION = 500;
const NEARLY = 60;

interface ProfileFormProps {
  me: Self;
  hue: number;
  onHue: (hue: number) => void;
}

export function ProfileForm({ me, hue, onHue }: ProfileFormProps) {
  const [start] = useState({
    display_name: me.display_name,
    description: me.description ?? "",
    email: me.email ?? "",
  });
  const { values, set, errors, general, busy, submit } = useForm(
    start,
    async () => {
      await client.updateMe(changed);
      showToast(s.saved);
    },
    () => (changed.email !== undefined ? checkEmail({ email: changed.email }) : {}),
  );
  const changed = changes(me, values, hue);
  const left = LONGEST_DESCRIPTION - [...values.description].length;
  const blocked = busy || !values.display_name.trim() || left < 0 || Object.keys(changed).length === 0;
  return (
    <form class="form section-block" onSubmit={submit} noValidate>
      <FormError text={general} />
      <Field
        label={t.auth.displayName}
        name="display_name"
        value={values.display_name}
        onInput={set("display_name")}
        error={errors.display_name}
        input={{ maxLength: 64, autocomplete: "name" }}
        testId="display-name"
      />
      <TextArea
        label={s.profile.about}
        name="description"
        value={values.description}
        onInput={set("description")}
        hint={left < NEARLY ? s.profile.left(left) : s.profile.aboutHint}
        error={errors.description}
        testId="description"
      />
      <ColourChoice value={hue} onChange={onHue} />
      <div class="field">
        <Field
          label={t.auth.email}
          name="email"
          type="email"
          value={values.email}
          onInput={set("email")}
          hint={changed.email ? s.profile.emailChanged : undefined}
          error={errors.email}
          input={{ autocomplete: "email" }}
          testId="email"
        />
        {changed.email === undefined && <EmailStatus me={me} />}
      </div>
      <button
        type="submit"
        class="button button-primary section-start"
        disabled={blocked}
        data-testid="save-profile"
      >
        {s.save}
      </button>
    </form>
  );
}

function changes(me: Self, values: Record<"display_name" | "description" | "email", string>, hue: number) {
  const name = values.display_name.trim();
  const description = values.description.trim();
  const email = values.email.trim();
  const changed: Profile = {};
  if (name !== me.display_name) changed.display_name = name;
  if (description !== (me.description ?? "")) changed.description = description || null;
  if (hue !== hueFor(me.id, me.avatar_hue)) changed.avatar_hue = hue;
  if (email && email !== me.email) changed.email = email;
  return changed;
}
