import { useState } from "preact/hooks";
import { ProviderMark } from "../auth/ProviderMark";
import type { LinkedIdentity, Provider } from "../client";
import { client } from "../state/client";
import { openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { usePages } from "../state/pages";
import { useServerInfo } from "../state/server";
import { s } from "../strings/settings";
import { ago } from "../time/format";
import { Block } from "../ui/Block";
import { FormError } from "../ui/FormError";
import { PagedList } from "../ui/PagedList";
import { showToast } from "../ui/toasts";

/** Only where there is something to link to, or something is linked. */
export function LinkedIdentities({ outcome }: { outcome: string | undefined }) {
  const providers = useServerInfo()?.providers ?? [];
  const pages = usePages((cursor) => client.account.identities(cursor));
  const held = pages.items ?? [];
  if (providers.length === 0 && held.length === 0) return null;
  const labelOf = (name: string) => providers.find((one) => one.name === name)?.label ?? name;
  const free = providers.filter(({ name }) => !held.some(({ provider }) => provider === name));
  return (
    <Block title={s.linked.title} text={s.linked.text} testId="linked">
      <Outcome code={outcome} />
      {held.length > 0 && (
        <PagedList
          pages={pages}
          none=""
          testId="identities"
          row={(identity) => (
            <IdentityRow
              key={identity.id}
              identity={identity}
              label={labelOf(identity.provider)}
              onGone={pages.reload}
            />
          )}
        />
      )}
      {pages.items && free.length > 0 && (
        <div class="section-actions">
          {free.map((provider) => (
            <LinkButton key={provider.name} provider={provider} />
          ))}
        </div>
      )}
    </Block>
  );
}

function Outcome({ code }: { code: string | undefined }) {
  if (!code) return null;
  if (code !== "linked")
    return <FormError text={s.linked.problems[code] ?? s.linked.problemOther} testId="link-problem" />;
  return (
    <p class="form-note" role="status" data-testid="link-done">
      {s.linked.done}
    </p>
  );
}

function LinkButton({ provider: { name, label } }: { provider: Provider }) {
  const [busy, setBusy] = useState(false);
  const link = async () => {
    setBusy(true);
    await attempt(async () => location.assign(await client.account.linkIdentity(name)));
    setBusy(false);
  };
  return (
    <button type="button" class="button" disabled={busy} onClick={link} data-testid={`link-${name}`}>
      <ProviderMark name={name} label={label} />
      {s.linked.link(label)}
    </button>
  );
}

interface IdentityRowProps {
  identity: LinkedIdentity;
  label: string;
  onGone: () => void;
}

function IdentityRow({ identity: { id, provider, email, created_at }, label, onGone }: IdentityRowProps) {
  const unlink = async () => {
    const words = { conflict: s.linked.onlyWay };
    if (await attempt(() => client.account.unlinkIdentity(id), words)) showToast(s.linked.unlinked);
    onGone();
  };
  const ask = () =>
    openDialog({
      kind: "confirm",
      title: s.linked.unlinkTitle(label),
      text: s.linked.unlinkText,
      action: s.linked.unlink,
      run: unlink,
    });
  return (
    <li class="section-row" data-testid="identity" data-provider={provider}>
      <ProviderMark name={provider} label={label} />
      <span class="section-row-text">
        <span class="section-row-title">{label}</span>
        <span class="section-note">
          {email && <bdi>{email} · </bdi>}
          {s.linked.since(ago(created_at))}
        </span>
      </span>
      <button
        type="button"
        class="button button-small"
        onClick={ask}
        aria-label={s.linked.unlinkLabel(label)}
        data-testid="unlink"
      >
        {s.linked.unlink}
      </button>
    </li>
  );
}
