import { useState } from "preact/hooks";
import { client, useMe } from "../state/client";
import { explain, isAbout } from "../state/errors";
import { formatRoute } from "../state/route";
import { t } from "../strings";
import { FormError } from "../ui/FormError";
import { Icon } from "../ui/Icon";
import { AuthHeading } from "./AuthHeading";
import { DeadLink } from "./DeadLink";

/** Waits for a press: programs that follow the links in mails must not prove anybody's address. */
export function VerifyEmail({ token }: { token: string }) {
  const [state, setState] = useState<"asking" | "busy" | "done" | "dead">(token ? "asking" : "dead");
  const [problem, setProblem] = useState<string | null>(null);
  const verify = async () => {
    setState("busy");
    setProblem(null);
    try {
      await client.account.verifyEmail(token);
      setState("done");
      if (client.me) await client.account.refresh().catch(() => {});
    } catch (error) {
      if (!isAbout(error, "token")) setProblem(explain(error));
      setState(isAbout(error, "token") ? "dead" : "asking");
    }
  };
  if (state === "dead") return <DeadLink />;
  if (state === "done") return <Verified />;
  return (
    <>
      <AuthHeading title={t.auth.verifyTitle} lead={t.auth.verifyLead} focused />
      <div class="form">
        <FormError text={problem} />
        <button
          type="button"
          class="button button-primary button-wide"
          disabled={state === "busy"}
          onClick={verify}
          data-testid="verify-email"
        >
          {t.auth.verify}
        </button>
      </div>
    </>
  );
}

function Verified() {
  const me = useMe();
  return (
    <div class="auth-part" data-testid="email-verified">
      <span class="auth-done">
        <Icon name="check" />
      </span>
      <AuthHeading title={t.auth.verifiedTitle} lead={t.auth.verifiedText} focused />
      <a class="button button-primary button-wide" href={formatRoute({ page: me ? "chats" : "sign-in" })}>
        {me ? t.auth.goOn : t.auth.signIn}
      </a>
    </div>
  );
}
