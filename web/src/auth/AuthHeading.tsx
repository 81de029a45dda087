import { useEffect, useRef } from "preact/hooks";
import { useMe } from "../state/client";
import { formatRoute } from "../state/route";
import { t } from "../strings";

interface HeadingProps {
  title: string;
  lead: string;
  /** Where there is nothing to fill in: what took the place of the form is read out. */
  focused?: boolean;
}

export function AuthHeading({ title, lead, focused = false }: HeadingProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focused) heading.current?.focus();
  }, []);
  return (
    <>
      <h1
        ref={heading}
        tabIndex={focused ? -1 : undefined}
        aria-describedby={focused ? "auth-lead" : undefined}
      >
        {title}
      </h1>
      <p id="auth-lead" class="form-lead">
        {lead}
      </p>
    </>
  );
}

/** Whoever is signed in already goes on to the chats. */
export function BackToSignIn() {
  const me = useMe();
  return (
    <p class="auth-switch">
      <a href={formatRoute({ page: me ? "chats" : "sign-in" })} data-testid="to-sign-in">
        {me ? t.auth.goOn : t.auth.backToSignIn}
      </a>
    </p>
  );
}
