import { formatRoute } from "../state/route";
import { t } from "../strings";
import { AuthHeading, BackToSignIn } from "./AuthHeading";

/** A link from a mail that is used, too old or not whole. `forgotten`: of one who has forgotten the password. */
export function DeadLink({ forgotten = false }: { forgotten?: boolean }) {
  return (
    <div class="auth-part" data-testid="dead-link">
      <AuthHeading
        title={t.auth.deadTitle}
        lead={forgotten ? t.auth.deadText : t.auth.deadVerifyText}
        focused
      />
      {forgotten && (
        <a class="button button-primary button-wide" href={formatRoute({ page: "forgot-password" })}>
          {t.auth.askAgain}
        </a>
      )}
      <BackToSignIn />
    </div>
  );
}
