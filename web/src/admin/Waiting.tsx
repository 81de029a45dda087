import { t } from "../strings";
import { FormError } from "../ui/FormError";

/** In the place of what is asked for: that it is on its way, or why it is not here. */
export function Waiting({ problem, onRetry }: { problem: string | null; onRetry: () => void }) {
  if (!problem) {
    return (
      <div aria-busy="true">
        <div class="skeleton skeleton-row" />
        <div class="skeleton skeleton-row" />
      </div>
    );
  }
  return (
    <>
      <FormError text={problem} />
      <button type="button" class="button button-small section-more" onClick={onRetry}>
        {t.chat.tryAgain}
      </button>
    </>
  );
}
