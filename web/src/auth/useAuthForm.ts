import { useState } from "preact/hooks";
import { fieldErrors } from "../state/errors";

export interface AuthForm<Names extends string> {
  values: Record<Names, string>;
  set: (name: Names) => (value: string) => void;
  errors: Partial<Record<Names, string>>;
  general: string | null;
  busy: boolean;
  submit: (event: Event) => Promise<void>;
}

/** Values, errors per field and the busy state of a form; after a refusal the first wrong field has the focus. */
export function useAuthForm<Names extends string>(
  empty: Record<Names, string>,
  send: (values: Record<Names, string>) => Promise<unknown>,
): AuthForm<Names> {
  const [values, setValues] = useState(empty);
  const [errors, setErrors] = useState<Partial<Record<Names, string>>>({});
  const [general, setGeneral] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: Names) => (value: string) => {
    setValues((before) => ({ ...before, [name]: value }));
    setErrors(({ [name]: _, ...others }) => others as Partial<Record<Names, string>>);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    setGeneral(null);
    try {
      await send(values);
    } catch (error) {
      const found = fieldErrors(error, Object.keys(empty));
      setErrors(found.fields as Partial<Record<Names, string>>);
      setGeneral(found.general);
      requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
    }
    setBusy(false);
  };
  return { values, set, errors, general, busy, submit };
}
