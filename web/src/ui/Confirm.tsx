import { useState } from "preact/hooks";
import { t } from "../strings";
import { Dialog } from "./Dialog";

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  onConfirm: () => void | Promise<void>;
  onClose: () => void;
}

/** Asks once before something that cannot be undone; the safe answer has the focus. */
export function Confirm({ title, text, action, onConfirm, onClose }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
    } finally {
      onClose();
    }
  };
  const footer = (
    <>
      <button type="button" class="button" autofocus onClick={onClose}>
        {t.dialog.cancel}
      </button>
      <button
        type="button"
        class="button button-danger"
        disabled={busy}
        onClick={confirm}
        data-testid="confirm"
      >
        {action}
      </button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} footer={footer} small testId="confirm-dialog">
      <p>{text}</p>
    </Dialog>
  );
}
