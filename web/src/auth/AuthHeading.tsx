import { formatRoute } from "../state/route";
import { t } from "../strings";

export function AuthHeading({ title, lead }: { title: string; lead: string }) {
  return (
    <>
      <h1>{title}</h1>
      <p class="form-lead">{lead}</p>
    </>
  );
}

export function BackToSignIn() {
  return (
    <p class="auth-switch">
      <a href={formatRoute({ page: "sign-in" })} data-testid="to-sign-in">
        {t.auth.backToSignIn}
      </a>
    </p>
  );
}
