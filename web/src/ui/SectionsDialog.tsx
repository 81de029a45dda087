import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { follow, formatRoute, go, goBack, place, type Route } from "../state/route";
import { t } from "../strings";
import { Icon, type IconName } from "./Icon";
import { IconButton } from "./IconButton";
import { narrow } from "./narrow";
import { Toasts } from "./toasts";
import { useModal } from "./useModal";
import "../styles/sections.css";

interface SectionLink<Name extends string> {
  name: Name;
  label: string;
  icon: IconName;
}

interface SectionsDialogProps<Name extends string> {
  /** Begins the test ids: `settings` makes settings-dialog, settings-back, settings-<section>. */
  page: string;
  title: string;
  sections: readonly SectionLink<Name>[];
  /** null: the list of sections on a phone, the first one on a desk. */
  section: Name | null;
  to: (section: Name | null) => Route;
  /** What of the section is open, where it has parts, and where back leads from there. */
  part?: string | undefined;
  back?: Route | undefined;
  /** Above the sections, and below them. */
  top?: ComponentChildren;
  bottom?: ComponentChildren;
  wide?: boolean;
  children: ComponentChildren;
}

/** Over the conversations: sections beside their content on a desk, a list and then a page on a phone. */
export function SectionsDialog<Name extends string>(props: SectionsDialogProps<Name>) {
  const { page, title, sections, section, to, wide = false, children } = props;
  const ref = useModal();
  const titleId = useId();
  const shown = sections.find(({ name }) => name === section) ?? sections[0];
  const close = () => (props.back ? go(place.peek()) : goBack(place.peek()));
  const back = () => {
    if (props.back) goBack(props.back);
    else if (section && narrow()) goBack(to(null));
    else close();
  };
  return (
    <dialog
      ref={ref}
      class={`dialog sections ${section ? "at-section" : "at-list"}${wide ? " sections-wide" : ""}`}
      aria-labelledby={titleId}
      data-testid={`${page}-dialog`}
      data-section={shown?.name}
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        back();
      }}
      onClose={close}
      onMouseDown={(event) => event.target === ref.current && close()}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => event.preventDefault()}
    >
      <div class="sections-frame">
        <nav class="sections-nav scroller" aria-labelledby={titleId}>
          <h1 id={titleId}>{title}</h1>
          {props.top}
          <Links page={page} sections={sections} section={section} to={to} />
          {props.bottom}
        </nav>
        {shown && (
          <Panel page={page} section={shown} part={props.part} chosen={section !== null} onBack={back}>
            {children}
          </Panel>
        )}
        <IconButton
          class="sections-close"
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

type LinksProps<Name extends string> = Pick<
  SectionsDialogProps<Name>,
  "page" | "sections" | "section" | "to"
>;

function Links<Name extends string>({ page, sections, section, to }: LinksProps<Name>) {
  const list = useReturningFocus(page, section);
  return (
    <ul ref={list}>
      {sections.map(({ name, label, icon }, index) => (
        <li key={name}>
          <a
            class="sections-link"
            href={formatRoute(to(name))}
            aria-current={name === section || (!section && index === 0 && !narrow()) ? "page" : undefined}
            data-testid={`${page}-${name}`}
            // On a desk the sections are one step of the history, so that back leaves the dialog.
            onClick={(event) => follow(event, to(name), !narrow())}
          >
            <Icon name={icon} />
            {label}
            <Icon name="chevron" />
          </a>
        </li>
      ))}
    </ul>
  );
}

/** Back in the list, on a phone, the focus is on the section one comes from. */
function useReturningFocus(page: string, section: string | null) {
  const list = useRef<HTMLUListElement>(null);
  const before = useRef(section);
  useEffect(() => {
    const from = before.current;
    before.current = section;
    if (section || !from || !narrow()) return;
    list.current?.querySelector<HTMLElement>(`[data-testid="${page}-${from}"]`)?.focus();
  }, [section]);
  return list;
}

interface PanelProps {
  page: string;
  section: SectionLink<string>;
  part: string | undefined;
  chosen: boolean;
  onBack: () => void;
  children: ComponentChildren;
}

function Panel({ page, section, part, chosen, onBack, children }: PanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const headingId = useId();
  useEffect(() => {
    const lost = document.activeElement === document.body;
    if (chosen && (narrow() || lost)) heading.current?.focus();
  }, [section.name, part, chosen]);
  return (
    <section class="sections-panel" aria-labelledby={headingId}>
      <header class="sections-header">
        <IconButton
          class="sections-back"
          icon="back"
          label={t.chat.back}
          onClick={onBack}
          testId={`${page}-back`}
        />
        <h2 id={headingId} ref={heading} tabIndex={-1}>
          {section.label}
        </h2>
      </header>
      <div class="sections-body scroller" key={section.name} data-testid={`section-${section.name}`}>
        {children}
      </div>
    </section>
  );
}
