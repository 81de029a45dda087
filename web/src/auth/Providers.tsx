import type { Provider } from "../client";
import { t } from "../strings";
import { ProviderMark } from "./ProviderMark";

/** Links, not calls: the browser itself has to go to the provider and come back. */
export function Providers({ providers }: { providers: readonly Provider[] | undefined }) {
  if (!providers?.length) return null;
  return (
    <div class="providers">
      <p class="providers-or">{t.auth.or}</p>
      {providers.map(({ name, label }) => (
        <a
          key={name}
          class="button button-wide"
          href={`/api/v1/auth/oauth2/${encodeURIComponent(name)}/login`}
          data-testid={`provider-${name}`}
        >
          <ProviderMark name={name} label={label} />
          {t.auth.continueWith(label)}
        </a>
      ))}
    </div>
  );
}
