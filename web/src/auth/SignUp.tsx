import { formatRoute } from "../state/route";
import { useServerInfo } from "../state/server";
import { t } from "../strings";
import { AuthHeading, BackToSignIn } from "./AuthHeading";
import { Providers } from "./Providers";
import { SignUpForm } from "./SignUpForm";

export function SignUp() {
  const info = useServerInfo();
  if (info?.registration === "closed") {
    return (
      <>
        <AuthHeading title={t.auth.signUpTitle} lead={t.auth.closed} focused />
        <BackToSignIn />
      </>
    );
  }
  return (
    <>
      <AuthHeading title={t.auth.signUpTitle} lead={t.auth.signUpLead} />
      <SignUpForm />
      <Providers providers={info?.providers} />
      <p class="auth-switch">
        {t.auth.toSignIn}{" "}
        <a href={formatRoute({ page: "sign-in" })} data-testid="to-sign-in">
          {t.auth.toSignInLink}
        </a>
      </p>
    </>
  );
}
