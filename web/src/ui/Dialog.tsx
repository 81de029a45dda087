import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { t } from "../strings";
import { IconButton } from "./IconButton";
import { useModal } from "./useModal";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  footer?: ComponentChildren;
  testId?: string;
  small?: boolean;
}

/** A modal `<dialog>`: the browser keeps the focus inside, Esc closes, and the focus returns to where it was. */
export function Dialog({ title, onClose, children, footer, testId, small }: DialogProps) {
  const ref = useModal();
  const titleId = useId();
  const closeOnBackdrop = (event: MouseEvent) => {
    if (event.target === ref.current) onClose();
  };
  const cancel = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog
      ref={ref}
      class={`dialog${small ? " dialog-small" : ""}`}
      aria-labelledby={titleId}
      data-testid={testId}
      onCancel={cancel}
      onMouseDown={closeOnBackdrop}
    >
      <div class="dialog-frame">
        <header class="dialog-header">
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="close" label={t.dialog.close} onClick={onClose} testId="dialog-close" />
        </header>
        <div class="dialog-body">{children}</div>
        {footer && <footer class="dialog-footer">{footer}</footer>}
      </div>
    </dialog>
  );
}
