import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

interface PopoverProps {
  anchor: RefObject<HTMLElement | null>;
  onClose: (refocus: boolean) => void;
  label: string;
  role: "menu" | "dialog";
  class?: string;
  testId?: string;
  children: ComponentChildren;
}

const GAP = 4;
const EDGE = 8;

/**
 * A box in the top layer beside its anchor: nothing on the page can clip it. Arrow keys move among its buttons;
 * Esc, Tab, scrolling and a press elsewhere close it.
 */
export function Popover({ anchor, onClose, label, role, testId, children, ...rest }: PopoverProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return;
    box.showPopover();
    if (anchor.current) place(box, anchor.current.getBoundingClientRect());
    box.querySelector<HTMLElement>("button, input")?.focus({ preventScroll: true });
  }, []);
  useDismiss(ref, anchor, onClose);
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Tab" || event.key === "Escape") {
      event.preventDefault();
      onClose(true);
    } else if (moveFocus(ref.current, event.key)) event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the role is menu or dialog.
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: see above.
    <div
      ref={ref}
      popover="manual"
      class={`popover ${rest.class ?? ""}`}
      role={role}
      aria-label={label}
      data-testid={testId}
      onKeyDown={onKeyDown}
    >
      {children}
    </div>
  );
}

/** Below the anchor and flush with its end; above or flush with its start where there is no room. */
function place(box: HTMLElement, at: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = box;
  const { clientWidth, clientHeight } = document.documentElement;
  const below = at.bottom + GAP + height <= clientHeight - EDGE;
  const top = below ? at.bottom + GAP : Math.max(EDGE, at.top - GAP - height);
  const flushEnd = at.right - width >= EDGE;
  const left = flushEnd ? at.right - width : Math.min(at.left, clientWidth - EDGE - width);
  box.style.top = `${top}px`;
  box.style.left = `${Math.max(EDGE, left)}px`;
}

function useDismiss(
  ref: RefObject<HTMLElement | null>,
  anchor: RefObject<HTMLElement | null>,
  onClose: PopoverProps["onClose"],
): void {
  useEffect(() => {
    const outside = (event: Event) => {
      const target = event.target as Node;
      if (!ref.current?.contains(target) && !anchor.current?.contains(target)) onClose(false);
    };
    const leave = () => onClose(false);
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("scroll", outside, true);
    addEventListener("resize", leave);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("scroll", outside, true);
      removeEventListener("resize", leave);
    };
  });
}

/** Arrow keys, Home and End among the buttons of a box. True when the key was one of them. */
export function moveFocus(box: HTMLElement | null, key: string): boolean {
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
  const next = steps[key];
  if (next === undefined || buttons.length === 0) return false;
  buttons[(next + buttons.length) % buttons.length]?.focus();
  return true;
}
