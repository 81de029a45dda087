import { useState } from "preact/hooks";
import type { Self } from "../client";
import { client } from "../state/client";
import { explain } from "../state/errors";
import { s } from "../strings/settings";
import { Icon } from "../ui/Icon";

export function EmailStatus({ me }: { me: Self }) {
  const [told, setTold] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  if (!me.email) return null;
  if (me.email_verified) {
    return (
      <p class="email-status email-verified" data-testid="email-status" data-verified="true">
        <Icon name="check" />
        {s.profile.verified}
      </p>
    );
  }
  const send = async () => {
    setBusy(true);
    const sent = client.account.requestVerification();
    setTold(
      await sent.then(
        () => s.profile.linkSent(me.email ?? ""),
        (error) => explain(error, { conflict: s.profile.verified }),
      ),
    );
    setBusy(false);
  };
  return (
    <div class="email-status" data-testid="email-status" data-verified="false">
      <span>{s.profile.notVerified}</span>
      <button
        type="button"
        class="link-button"
        disabled={busy}
        onClick={send}
        data-testid="send-verification"
      >
        {s.profile.sendLink}
      </button>
      <span role="status">{told}</span>
    </div>
  );
}
