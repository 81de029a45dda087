import { useRef } from "preact/hooks";
import { s } from "../strings/settings";
import { Icon } from "../ui/Icon";
import { showToast } from "../ui/toasts";

/** The one sight of a key. It is held by the page alone, until it is dismissed or left. */
export function NewKey({ secret, onDone }: { secret: string; onDone: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(secret);
    } catch {
      // Without https there is no clipboard to write to; the text is selected, to be copied by hand.
      if (!document.execCommand("copy")) return;
    }
    showToast(s.keys.copied);
  };
  return (
    <section class="new-key" role="status" data-testid="made-key">
      <h3>{s.keys.made}</h3>
      <p class="new-key-warning">
        <Icon name="alert" />
        {s.keys.madeText}
      </p>
      <div class="new-key-line">
        <input
          ref={field}
          type="text"
          readOnly
          value={secret}
          aria-label={s.keys.made}
          spellcheck={false}
          onFocus={(event) => event.currentTarget.select()}
          data-testid="key-secret"
        />
        <button type="button" class="button button-primary" onClick={copy} data-testid="copy-key">
          <Icon name="copy" />
          {s.keys.copy}
        </button>
      </div>
      <button type="button" class="button section-start" onClick={onDone} data-testid="key-kept">
        {s.keys.done}
      </button>
    </section>
  );
}
