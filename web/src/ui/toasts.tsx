import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../strings";
import { IconButton } from "./IconButton";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

const toasts = signal<Toast[]>([]);
let lastId = 0;

/** A short note at the bottom; the newest three are shown, errors stay longer. */
export function showToast(text: string, bad = false): void {
  const id = ++lastId;
  toasts.value = [...toasts.value.filter((toast) => toast.text !== text), { id, text, bad }].slice(-3);
  setTimeout(() => dismiss(id), bad ? 8000 : 3000);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** In the top layer, and lifted anew with each toast: a dialog opened in between must not cover it. */
export function Toasts() {
  const ref = useRef<HTMLDivElement>(null);
  const newest = toasts.value.at(-1)?.id;
  useLayoutEffect(() => {
    ref.current?.hidePopover();
    ref.current?.showPopover();
  }, [newest]);
  return (
    <div ref={ref} popover="manual" class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={toast.bad ? "toast toast-bad" : "toast"} data-testid="toast">
          <span>{toast.text}</span>
          <IconButton icon="close" label={t.dismiss} onClick={() => dismiss(toast.id)} />
        </div>
      ))}
    </div>
  );
}
