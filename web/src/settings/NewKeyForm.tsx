import { useState } from "preact/hooks";
import { client, useMe } from "../state/client";
import { t } from "../strings";
import { s } from "../strings/settings";
import { Choice } from "../ui/Choice";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { useForm } from "../ui/useForm";
import { EXPIRIES, type Expiry, endOf, scopesFor } from "./keys";

interface NewKeyFormProps {
  onMade: (key: string) => void;
  onCancel: () => void;
}

export function NewKeyForm({ onMade, onCancel }: NewKeyFormProps) {
  const [scopes, setScopes] = useState<readonly string[]>([]);
  const [expiry, setExpiry] = useState<Expiry>("90");
  const { values, set, errors, general, busy, submit } = useForm(
    { name: "", scopes: "" },
    async ({ name }) => {
      const wish = { name: name.trim(), scopes: [...scopes], expires_at: endOf(expiry, new Date()) };
      onMade((await client.account.createApiKey(wish)).key);
    },
    ({ name }) => ({
      ...(!name.trim() && { name: s.keys.nameNeeded }),
      ...(scopes.length === 0 && { scopes: s.keys.scopesNeeded }),
    }),
  );
  const choose = (chosen: readonly string[]) => {
    setScopes(chosen);
    set("scopes")("");
  };
  return (
    <form class="form section-block" onSubmit={submit} noValidate data-testid="key-form">
      <h3>{s.keys.createTitle}</h3>
      <FormError text={general} />
      <Field
        label={s.keys.name}
        name="name"
        value={values.name}
        onInput={set("name")}
        error={errors.name}
        autoFocus
        input={{ maxLength: 64, autocomplete: "off", placeholder: s.keys.namePlaceholder }}
        testId="key-name"
      />
      <Scopes chosen={scopes} onChange={choose} error={errors.scopes} />
      <div class="field">
        <span class="field-label">{s.keys.expiry}</span>
        <Choice
          label={s.keys.expiry}
          options={EXPIRIES.map((value) => ({ value, label: s.keys.expiries[value] ?? value }))}
          value={expiry}
          onChange={setExpiry}
          testId="key-expiry"
        />
        {expiry === "never" && <p class="field-note">{s.keys.neverHint}</p>}
      </div>
      <div class="section-actions">
        <button type="submit" class="button button-primary" disabled={busy} data-testid="make-key">
          {s.keys.make}
        </button>
        <button type="button" class="button" onClick={onCancel}>
          {t.dialog.cancel}
        </button>
      </div>
    </form>
  );
}

interface ScopesProps {
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
  error: string | undefined;
}

function Scopes({ chosen, onChange, error }: ScopesProps) {
  const me = useMe();
  return (
    <fieldset
      class={`field scopes${error ? " field-invalid" : ""}`}
      aria-describedby={error ? "scopes-note" : undefined}
    >
      <legend class="field-label">{s.keys.scopesTitle}</legend>
      {scopesFor(me?.permissions ?? []).map((scope) => (
        <label key={scope} class="check-row">
          <input
            type="checkbox"
            checked={chosen.includes(scope)}
            aria-invalid={error ? "true" : undefined}
            onChange={({ currentTarget }) =>
              onChange(currentTarget.checked ? [...chosen, scope] : chosen.filter((one) => one !== scope))
            }
            data-testid={`scope-${scope}`}
          />
          <span>
            {s.keys.scopes[scope]}
            <code>{scope}</code>
          </span>
        </label>
      ))}
      {error && (
        <p id="scopes-note" class="field-note" data-testid="error-scopes">
          {error}
        </p>
      )}
    </fieldset>
  );
}
