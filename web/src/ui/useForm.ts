import { useState } from "preact/hooks";
import { fieldErrors } from "../state/errors";

export interface Form<Names extends string> {
  values: Record<Names, string>;
  set: (name: Names) => (value: string) => void;
  errors: Partial<Record<Names, string>>;
  general: string | null;
  busy: boolean;
  submit: (event: Event) => Promise<void>;
  /** Empty again, as after what was written has been sent. */
  reset: () => void;
}

/** Values, errors per field and the busy state of a form; after a refusal the first wrong field has the focus. */
export function useForm<Names extends string>(
  empty: Record<Names, string>,
  send: (values: Record<Names, string>) => Promise<unknown>,
  check: (values: Record<Names, string>) => Record<string, string> = () => ({}),
): Form<Names> {
  const [values, setValues] = useState(empty);
  const [errors, setErrors] = useState<Partial<Record<Names, string>>>({});
  const [general, setGeneral] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: Names) => (value: string) => {
    setValues((before) => ({ ...before, [name]: value }));
    setErrors(({ [name]: _, ...others }) => others as Partial<Record<Names, string>>);
  };
  const refuse = (form: HTMLFormElement, wrong: Record<string, string>) => {
    setErrors(wrong as Partial<Record<Names, string>>);
    requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setGeneral(null);
    const wrong = check(values);
    if (Object.keys(wrong).length > 0) return refuse(form, wrong);
    setBusy(true);
    try {
      await send(values);
    } catch (error) {
      const found = fieldErrors(error, Object.keys(empty));
      setGeneral(found.general);
      refuse(form, found.fields);
    }
    setBusy(false);
  };
  const reset = () => {
    setValues(empty);
    setErrors({});
  };
  return { reset, values, set, errors, general, busy, submit };
}
