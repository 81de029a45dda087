import { useState } from "preact/hooks";
import { nameOf } from "../conversations/naming";
import { client } from "../state/client";
import { fieldErrors } from "../state/errors";
import { t } from "../strings";
import { Avatar } from "../ui/Avatar";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { showToast } from "../ui/toasts";

export function ProfileForm() {
  const me = client.me;
  const [name, setName] = useState(me?.display_name ?? "");
  const [errors, setErrors] = useState<ReturnType<typeof fieldErrors> | null>(null);
  const [busy, setBusy] = useState(false);
  if (!me) return null;
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await client.updateMe({ display_name: name.trim() });
      setErrors(null);
      showToast(t.settings.saved);
    } catch (error) {
      setErrors(fieldErrors(error, ["display_name"]));
    }
    setBusy(false);
  };
  return (
    <section class="settings-section">
      <div class="settings-me">
        <Avatar id={me.id} name={nameOf(me)} url={me.avatar_url} />
        <div class="person-name">
          <bdi class="truncate">@{me.username}</bdi>
          <span class="details-note truncate">{me.email}</span>
        </div>
      </div>
      <form class="inline-form" onSubmit={save}>
        <FormError text={errors?.general ?? null} />
        <Field
          label={t.auth.displayName}
          name="display_name"
          value={name}
          onInput={setName}
          error={errors?.fields.display_name}
          input={{ maxLength: 100, autocomplete: "name" }}
          testId="display-name"
        />
        <button
          type="submit"
          class="button"
          disabled={busy || name.trim() === "" || name.trim() === me.display_name}
          data-testid="save-profile"
        >
          {t.settings.save}
        </button>
      </form>
    </section>
  );
}
