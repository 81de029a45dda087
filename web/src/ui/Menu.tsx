import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./Icon";
import { IconButton } from "./IconButton";

export interface MenuItem {
  label: string;
  icon: IconName;
  onSelect: () => void;
  danger?: boolean;
  testId?: string;
}

interface MenuProps {
  icon: IconName;
  label: string;
  items: MenuItem[];
  class?: string;
  testId?: string;
  children?: ComponentChildren;
}

/** A button with a menu: arrow keys move, Home and End jump, Esc and Tab close, a letter is not needed for five items. */
export function Menu({ icon, label, items, testId, ...rest }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) button.current?.focus();
  };
  return (
    <span class={`menu-anchor ${rest.class ?? ""}${open ? " menu-open" : ""}`}>
      <IconButton
        icon={icon}
        label={label}
        popup="menu"
        expanded={open}
        testId={testId}
        buttonRef={button}
        onClick={() => setOpen(!open)}
      />
      {open && <MenuList label={label} items={items} onClose={close} />}
    </span>
  );
}

interface MenuListProps {
  label: string;
  items: MenuItem[];
  onClose: (refocus: boolean) => void;
}

function MenuList({ label, items, onClose }: MenuListProps) {
  const ref = useRef<HTMLDivElement>(null);
  useDismiss(ref, onClose);
  useKeepInView(ref);
  useEffect(() => ref.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus({ preventScroll: true }), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Tab") return onClose(false);
    if (moveFocus(ref.current, event)) event.preventDefault();
  };
  return (
    <div ref={ref} class="menu" role="menu" aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={item.danger ? "menu-item menu-item-danger" : "menu-item"}
          data-testid={item.testId}
          onClick={() => {
            onClose(true);
            item.onSelect();
          }}
        >
          <Icon name={item.icon} />
          <span>{item.label}</span>
        </button>
      ))}
    </div>
  );
}

/** Arrow keys, Home and End among the buttons of a menu or a picker. */
export function moveFocus(box: HTMLElement | null, event: KeyboardEvent): boolean {
  const buttons = [...(box?.querySelectorAll<HTMLElement>("button") ?? [])];
  const at = buttons.indexOf(document.activeElement as HTMLElement);
  const steps: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowRight: at + 1,
    ArrowUp: at - 1,
    ArrowLeft: at - 1,
    Home: 0,
    End: buttons.length - 1,
  };
  const next = steps[event.key];
  if (next === undefined || buttons.length === 0) return false;
  buttons[(next + buttons.length) % buttons.length]?.focus();
  return true;
}

/** Closes on Esc and on a press anywhere else. */
export function useDismiss(ref: { current: HTMLElement | null }, onClose: (refocus: boolean) => void): void {
  useEffect(() => {
    const onPress = (event: PointerEvent) => {
      const anchor = ref.current?.parentElement ?? ref.current;
      if (!anchor?.contains(event.target as Node)) onClose(false);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      onClose(true);
    };
    document.addEventListener("pointerdown", onPress, true);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", onPress, true);
      document.removeEventListener("keydown", onKey, true);
    };
  });
}

/** Opens upward or to the other side where there is no room. */
export function useKeepInView(ref: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return;
    const edge = box.closest("[data-clip]")?.getBoundingClientRect() ?? document.documentElement.getBoundingClientRect();
    const rect = box.getBoundingClientRect();
    if (rect.bottom > edge.bottom - 8) box.classList.add("opens-up");
    if (rect.left < edge.left + 8) box.classList.add("opens-right");
    if (rect.right > edge.right - 8) box.classList.add("opens-left");
  }, []);
}
