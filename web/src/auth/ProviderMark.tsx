import { Icon } from "../ui/Icon";
import { hueOf, initials } from "../ui/identity";

/** A sign of our own for a provider: nothing is fetched from it before one goes there. */
export function ProviderMark({ name, label }: { name: string; label: string }) {
  const sign = name === "oidc" ? <Icon name="key" /> : name === "github" ? <Icon name="code" /> : null;
  return (
    <span class={`provider-mark hue-${hueOf(name)}`} aria-hidden="true">
      {sign ?? initials(label)}
    </span>
  );
}
