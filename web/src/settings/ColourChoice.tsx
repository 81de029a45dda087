import { useId } from "preact/hooks";
import { s } from "../strings/settings";

/** Twelve swatches; radio buttons, so arrow keys move among them. */
export function ColourChoice({ value, onChange }: { value: number; onChange: (hue: number) => void }) {
  const name = useId();
  return (
    <fieldset class="field colours">
      <legend class="field-label">{s.profile.colour}</legend>
      <div class="colour-row">
        {s.profile.colours.map((colour, hue) => (
          <label key={colour} class={`colour hue-${hue}`} title={colour}>
            <input
              type="radio"
              name={name}
              class="visually-hidden"
              checked={hue === value}
              onChange={() => onChange(hue)}
              data-testid={`hue-${hue}`}
            />
            <span class="colour-dot" aria-hidden="true" />
            <span class="visually-hidden">{colour}</span>
          </label>
        ))}
      </div>
      <p class="field-note">{s.profile.colourHint}</p>
    </fieldset>
  );
}
