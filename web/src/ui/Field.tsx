import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { t } from "../strings";
import { IconButton } from "./IconButton";

interface InputOptions {
  autocomplete?: string;
  autocapitalize?: "none";
  spellcheck?: boolean;
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  placeholder?: string;
  inputMode?: "numeric";
}

interface FieldProps {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "email" | "password" | "search";
  hint?: string | undefined;
  error?: string | undefined;
  optional?: boolean;
  /** Takes the focus when it appears; in a dialog, when that opens. */
  autoFocus?: boolean;
  input?: InputOptions;
  testId?: string;
}

/** Browsers heed `autofocus` but once in a page, and then for `showModal`. */
const focusOnce = (input: HTMLInputElement | null) => input?.focus();

/** A labelled input; its hint and its error are read out with it. */
export function Field({
  label,
  name,
  value,
  onInput,
  type = "text",
  hint,
  error,
  optional,
  autoFocus,
  input,
  testId,
}: FieldProps) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const secret = type === "password";
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error} optional={optional} name={name}>
      <span class="field-box">
        <input
          {...input}
          id={id}
          name={name}
          type={(secret && shown ? "text" : type) as "text"}
          value={value}
          autofocus={autoFocus}
          ref={autoFocus ? focusOnce : undefined}
          aria-invalid={error ? "true" : undefined}
          aria-describedby={error || hint ? `${id}-note` : undefined}
          data-testid={testId}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
        {secret && (
          <IconButton
            class="field-reveal"
            icon={shown ? "eyeOff" : "eye"}
            label={shown ? t.auth.hidePassword : t.auth.showPassword}
            onClick={() => setShown(!shown)}
          />
        )}
      </span>
    </FieldFrame>
  );
}

interface FrameProps {
  id: string;
  name: string;
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  optional?: boolean | undefined;
  children: ComponentChildren;
}

export function FieldFrame({ id, name, label, hint, error, optional, children }: FrameProps) {
  return (
    <div class={`field${error ? " field-invalid" : ""}`}>
      <label for={id}>
        {label} {optional && <span class="field-optional">({t.auth.optional})</span>}
      </label>
      {children}
      {(error || hint) && (
        <p id={`${id}-note`} class="field-note" data-testid={error ? `error-${name}` : undefined}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}
