import { useState } from "preact/hooks";
import type { ApiKey } from "../client";
import { client, useMay } from "../state/client";
import { openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { usePages } from "../state/pages";
import { s } from "../strings/settings";
import { ago, shortDate } from "../time/format";
import { Block } from "../ui/Block";
import { PagedList } from "../ui/PagedList";
import { showToast } from "../ui/toasts";
import { NewKey } from "./NewKey";
import { NewKeyForm } from "./NewKeyForm";

export function ApiKeys() {
  const pages = usePages((cursor) => client.account.apiKeys(cursor));
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const mayMake = useMay("api_keys.create");
  const onMade = (key: string) => {
    setMaking(false);
    setMade(key);
    void pages.reload();
  };
  if (making) return <NewKeyForm onMade={onMade} onCancel={() => setMaking(false)} />;
  return (
    <>
      {made && <NewKey secret={made} onDone={() => setMade(null)} />}
      <Block text={mayMake ? s.keys.text : s.keys.notYours}>
        {mayMake && !made && (
          <button
            type="button"
            class="button button-primary section-start"
            onClick={() => setMaking(true)}
            data-testid="new-key"
          >
            {s.keys.create}
          </button>
        )}
        <PagedList
          pages={pages}
          none={s.keys.none}
          testId="api-keys"
          row={(key) => <KeyRow key={key.id} held={key} onGone={pages.reload} />}
        />
      </Block>
    </>
  );
}

function KeyRow({ held, onGone }: { held: ApiKey; onGone: () => void }) {
  const { id, name, prefix, scopes, last_used_at } = held;
  const revoke = async () => {
    if (await attempt(() => client.account.revokeApiKey(id))) showToast(s.keys.revoked);
    onGone();
  };
  const ask = () =>
    openDialog({
      kind: "confirm",
      title: s.keys.revokeTitle(name),
      text: s.keys.revokeText,
      action: s.keys.revoke,
      run: revoke,
    });
  return (
    <li class="section-row" data-testid="api-key" data-prefix={prefix}>
      <span class="section-row-text">
        <span class="section-row-title">
          <bdi class="truncate">{name}</bdi>
          <code>{prefix}…</code>
        </span>
        <span class="section-note">
          {last_used_at ? s.keys.lastUsed(ago(last_used_at)) : s.keys.neverUsed} · {end(held)}
        </span>
        <span class="scope-tags">
          {scopes.map((scope) => (
            <span key={scope} class="tag" title={s.keys.scopes[scope]}>
              {scope}
            </span>
          ))}
        </span>
      </span>
      <button
        type="button"
        class="button button-small"
        aria-label={s.keys.revokeLabel(name)}
        onClick={ask}
        data-testid="revoke-key"
      >
        {s.keys.revoke}
      </button>
    </li>
  );
}

function end({ expires_at }: ApiKey): string {
  if (!expires_at) return s.keys.noEnd;
  const when = shortDate(expires_at);
  return Date.parse(expires_at) > Date.now() ? s.keys.expires(when) : s.keys.expired(when);
}
