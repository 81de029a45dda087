import { endedBy } from "../state/client";
import { formatRoute } from "../state/route";
import { useServerInfo } from "../state/server";
import { t } from "../strings";
import { FormError } from "../ui/FormError";
import { AuthHeading } from "./AuthHeading";
import { Providers } from "./Providers";
import { SignInForm } from "./SignInForm";

/** `problem`: how an attempt with a provider ended, a code of the server. */
export function SignIn({ problem }: { problem?: string | undefined }) {
  const info = useServerInfo();
  const ended = endedBy.value;
  return (
    <>
      <AuthHeading title={t.auth.signInTitle} lead={t.auth.signInLead} />
      {problem ? (
        <FormError text={t.auth.problems[problem] ?? t.auth.problemOther} testId="sign-in-problem" />
      ) : (
        ended && (
          <p class="form-note" role="status" data-testid="session-ended">
            {t.auth.ended[ended] ?? t.auth.endedOther}
          </p>
        )
      )}
      <SignInForm forgotten={info?.password_reset !== false} />
      <Providers providers={info?.providers} />
      {info?.registration !== "closed" && (
        <p class="auth-switch">
          {t.auth.toSignUp}{" "}
          <a href={formatRoute({ page: "sign-up" })} data-testid="to-sign-up">
            {t.auth.toSignUpLink}
          </a>
        </p>
      )}
    </>
  );
}
