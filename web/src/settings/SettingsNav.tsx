import { useEffect, useRef, useState } from "preact/hooks";
import { faceOf, nameOf } from "../conversations/naming";
import { client, useMay, useMe } from "../state/client";
import { formatRoute, go, SECTIONS, type Section } from "../state/route";
import { s } from "../strings/settings";
import { Avatar } from "../ui/Avatar";
import { Icon, type IconName } from "../ui/Icon";
import { narrow } from "./narrow";
import { askThenSignOut } from "./signOut";

const ICONS: Record<Section, IconName> = {
  profile: "person",
  appearance: "contrast",
  security: "lock",
  devices: "laptop",
  "api-keys": "key",
};

export function SettingsNav({ section, titleId }: { section: Section | null; titleId: string }) {
  const me = useMe();
  const list = useReturningFocus(section);
  const hasKeys = useKeys();
  const sections = SECTIONS.filter((one) => one !== "api-keys" || hasKeys);
  return (
    <nav class="settings-nav scroller" aria-labelledby={titleId}>
      <h1 id={titleId}>{s.title}</h1>
      <div class="settings-me">
        <Avatar {...faceOf(me)} />
        <div class="person-name">
          <bdi class="truncate">{nameOf(me)}</bdi>
          <bdi class="details-note truncate">@{me?.username}</bdi>
        </div>
      </div>
      <ul ref={list}>
        {sections.map((one) => (
          <li key={one}>
            <a
              class="settings-link"
              href={formatRoute({ page: "settings", section: one })}
              aria-current={
                one === section || (!section && one === "profile" && !narrow()) ? "page" : undefined
              }
              data-testid={`settings-${one}`}
              onClick={(event) => open(event, one)}
            >
              <Icon name={ICONS[one]} />
              {s.sections[one]}
              <Icon name="chevron" />
            </a>
          </li>
        ))}
      </ul>
      <button type="button" class="settings-link" onClick={() => askThenSignOut()} data-testid="sign-out">
        <Icon name="leave" />
        {s.signOut}
      </button>
    </nav>
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

/** On a desk the sections are one step of the history, so that back leaves the settings. */
function open(event: MouseEvent, section: Section): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go({ page: "settings", section }, !narrow());
}

/** Back in the list, on a phone, the focus is on the section one comes from. */
function useReturningFocus(section: Section | null) {
  const list = useRef<HTMLUListElement>(null);
  const before = useRef(section);
  useEffect(() => {
    const from = before.current;
    before.current = section;
    if (section || !from || !narrow()) return;
    list.current?.querySelector<HTMLElement>(`[data-testid="settings-${from}"]`)?.focus();
  }, [section]);
  return list;
}
