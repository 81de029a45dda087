import { endedBy } from "../state/client";
import { formatRoute, type Route } from "../state/route";
import { t } from "../strings";
import { Logo } from "../ui/Logo";
import { SignInForm } from "./SignInForm";
import { SignUpForm } from "./SignUpForm";

/** What one sees without a session. */
export function AuthPage({ route }: { route: Route }) {
  const signUp = route.page === "sign-up";
  const ended = endedBy.value;
  return (
    <main class="auth scroller">
      <div class="auth-card">
        <div class="auth-brand">
          <Logo class="brand-mark" />
          <span>{t.appName}</span>
        </div>
        <h1>{signUp ? t.auth.signUpTitle : t.auth.signInTitle}</h1>
        <p class="form-lead">{signUp ? t.auth.signUpLead : t.auth.signInLead}</p>
        {ended && !signUp && (
          <p class="form-note" role="status" data-testid="session-ended">
            {t.auth.ended[ended] ?? t.auth.endedOther}
          </p>
        )}
        {signUp ? <SignUpForm /> : <SignInForm />}
        <p class="auth-switch">
          {signUp ? t.auth.toSignIn : t.auth.toSignUp}{" "}
          <a
            href={formatRoute({ page: signUp ? "sign-in" : "sign-up" })}
            data-testid={signUp ? "to-sign-in" : "to-sign-up"}
          >
            {signUp ? t.auth.toSignInLink : t.auth.toSignUpLink}
          </a>
        </p>
      </div>
      <p class="auth-tagline">{t.tagline}</p>
    </main>
  );
}
