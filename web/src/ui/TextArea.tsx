import { useId } from "preact/hooks";
import { FieldFrame } from "./Field";

interface TextAreaProps {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  hint?: string | undefined;
  error?: string | undefined;
  rows?: number;
  testId?: string;
}

/** A labelled field of several lines. */
export function TextArea({ label, name, value, onInput, hint, error, rows = 3, testId }: TextAreaProps) {
  const id = useId();
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error} name={name}>
      <textarea
        id={id}
        name={name}
        class="field-area"
        rows={rows}
        value={value}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
        data-testid={testId}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </FieldFrame>
  );
}
