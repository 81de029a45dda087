import { useId } from "preact/hooks";

interface SelectProps {
  label: string;
  value: string;
  /** Value and what is shown for it. */
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
  disabled?: boolean;
  /** The label is for those who hear the page only. */
  compact?: boolean;
  testId: string;
}

export function Select({ label, value, options, onChange, disabled, compact, testId }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={compact ? "visually-hidden" : undefined}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.value)}
        data-testid={testId}
      >
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
