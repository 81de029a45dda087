import { useEffect, useId, useRef } from "preact/hooks";
import { client } from "../state/client";
import { goBack, place, type Section } from "../state/route";
import { t } from "../strings";
import { s } from "../strings/settings";
import { IconButton } from "../ui/IconButton";
import { Toasts } from "../ui/toasts";
import { useModal } from "../ui/useModal";
import { ApiKeys } from "./ApiKeys";
import { Appearance } from "./Appearance";
import { Devices } from "./Devices";
import { narrow } from "./narrow";
import { Profile } from "./Profile";
import { Security } from "./Security";
import { SettingsNav } from "./SettingsNav";
import "../styles/settings.css";

export interface SettingsProps {
  /** null: the list of sections on a phone, the first one on a desk. */
  section: Section | null;
  /** How linking a provider went: `linked`, or a code of the server. */
  outcome?: string | undefined;
}

/** Over the conversations: sections beside their content on a desk, a list and then a page on a phone. */
export function SettingsView({ section, outcome }: SettingsProps) {
  const ref = useModal();
  const titleId = useId();
  const close = () => goBack(place.peek());
  const back = () => (section && narrow() ? goBack({ page: "settings", section: null }) : close());
  useEffect(() => void client.account.refresh().catch(() => {}), []);
  return (
    <dialog
      ref={ref}
      class={`dialog settings ${section ? "at-section" : "at-list"}`}
      aria-labelledby={titleId}
      data-testid="settings-dialog"
      data-section={section ?? "profile"}
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        back();
      }}
      onClose={back}
      onMouseDown={(event) => event.target === ref.current && close()}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => event.preventDefault()}
    >
      <div class="settings-frame">
        <SettingsNav section={section} titleId={titleId} />
        <Panel section={section ?? "profile"} chosen={section !== null} outcome={outcome} onBack={back} />
        <IconButton
          class="settings-close"
          icon="close"
          label={t.dialog.close}
          onClick={close}
          testId="dialog-close"
        />
      </div>
      <Toasts />
    </dialog>
  );
}

interface PanelProps {
  section: Section;
  chosen: boolean;
  outcome: string | undefined;
  onBack: () => void;
}

function Panel({ section, chosen, outcome, onBack }: PanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const headingId = useId();
  useEffect(() => {
    if (chosen && narrow()) heading.current?.focus();
  }, [section, chosen]);
  return (
    <section class="settings-panel" aria-labelledby={headingId}>
      <header class="settings-header">
        <IconButton
          class="settings-back"
          icon="back"
          label={t.chat.back}
          onClick={onBack}
          testId="settings-back"
        />
        <h2 id={headingId} ref={heading} tabIndex={-1}>
          {s.sections[section]}
        </h2>
      </header>
      <div class="settings-body scroller" key={section} data-testid={`section-${section}`}>
        <Content section={section} outcome={outcome} />
      </div>
    </section>
  );
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
