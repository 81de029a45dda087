import { useEffect, useState } from "preact/hooks";
import { faceOf, nameOf } from "../conversations/naming";
import { client, useMay, useMe } from "../state/client";
import { SECTIONS, type Section } from "../state/route";
import { s } from "../strings/settings";
import { Avatar } from "../ui/Avatar";
import { Icon, type IconName } from "../ui/Icon";
import { SectionsDialog } from "../ui/SectionsDialog";
import { ApiKeys } from "./ApiKeys";
import { Appearance } from "./Appearance";
import { Devices } from "./Devices";
import { Profile } from "./Profile";
import { Security } from "./Security";
import { askThenSignOut } from "./signOut";
import "../styles/settings.css";

const ICONS: Record<Section, IconName> = {
  profile: "person",
  appearance: "contrast",
  security: "lock",
  devices: "laptop",
  "api-keys": "key",
};

export interface SettingsProps {
  section: Section | null;
  /** How linking a provider went: `linked`, or a code of the server. */
  outcome?: string | undefined;
}

export function SettingsView({ section, outcome }: SettingsProps) {
  const hasKeys = useKeys();
  const sections = SECTIONS.filter((one) => one !== "api-keys" || hasKeys || one === section);
  useEffect(() => void client.account.refresh().catch(() => {}), []);
  return (
    <SectionsDialog
      page="settings"
      title={s.title}
      sections={sections.map((name) => ({ name, label: s.sections[name] ?? name, icon: ICONS[name] }))}
      section={section}
      to={(next) => ({ page: "settings", section: next })}
      top={<Me />}
      bottom={<SignOut />}
    >
      <Content section={section ?? "profile"} outcome={outcome} />
    </SectionsDialog>
  );
}

function Me() {
  const me = useMe();
  return (
    <div class="settings-me">
      <Avatar {...faceOf(me)} />
      <div class="person-name">
        <bdi class="truncate">{nameOf(me)}</bdi>
        <bdi class="details-note truncate">@{me?.username}</bdi>
      </div>
    </div>
  );
}

function SignOut() {
  return (
    <button type="button" class="sections-link" onClick={() => askThenSignOut()} data-testid="sign-out">
      <Icon name="leave" />
      {s.signOut}
    </button>
  );
}

/** Whether the keys concern this person: they may make some, or have some left from another role, to revoke. */
function useKeys(): boolean {
  const mayMake = useMay("api_keys.create");
  const [some, setSome] = useState(false);
  useEffect(() => {
    if (mayMake) return;
    client.account.apiKeys().then(
      ({ items }) => setSome(items.length > 0),
      () => {},
    );
  }, [mayMake]);
  return mayMake || some;
}

function Content({ section, outcome }: { section: Section; outcome: string | undefined }) {
  switch (section) {
    case "profile":
      return <Profile />;
    case "appearance":
      return <Appearance />;
    case "security":
      return <Security outcome={outcome} />;
    case "devices":
      return <Devices />;
    case "api-keys":
      return <ApiKeys />;
  }
}
