import type { Route } from "../state/route";
import { t } from "../strings";
import { Logo } from "../ui/Logo";
import { ForgotPassword } from "./ForgotPassword";
import { ResetPassword } from "./ResetPassword";
import { SignIn } from "./SignIn";
import { SignUp } from "./SignUp";
import { VerifyEmail } from "./VerifyEmail";

/** What one sees without a session, and where the links in mails lead. */
export function AuthPage({ route }: { route: Route }) {
  return (
    <main class="auth scroller">
      <div class="auth-card">
        <div class="auth-brand">
          <Logo class="brand-mark" />
          <span>{t.appName}</span>
        </div>
        <Content route={route} />
      </div>
      <p class="auth-tagline">{t.tagline}</p>
    </main>
  );
}

function Content({ route }: { route: Route }) {
  switch (route.page) {
    case "sign-up":
      return <SignUp />;
    case "forgot-password":
      return <ForgotPassword />;
    case "reset-password":
      return <ResetPassword key={route.token} token={route.token} />;
    case "verify-email":
      return <VerifyEmail key={route.token} token={route.token} />;
    case "sign-in":
      return <SignIn problem={route.problem} />;
    default:
      return <SignIn />;
  }
}
