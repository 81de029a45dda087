import { useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./Icon";
import { IconButton } from "./IconButton";
import { Popover } from "./Popover";

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
}

/** An icon button that opens a menu. */
export function Menu({ icon, label, items, testId, ...rest }: MenuProps) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) anchor.current?.focus();
  };
  return (
    <>
      <IconButton
        {...rest}
        icon={icon}
        label={label}
        popup="menu"
        expanded={open}
        testId={testId}
        buttonRef={anchor}
        onClick={() => setOpen(!open)}
      />
      {open && (
        <Popover anchor={anchor} onClose={close} label={label} role="menu" class="menu">
          <MenuItems items={items} onDone={() => close(true)} />
        </Popover>
      )}
    </>
  );
}

export function MenuItems({ items, onDone }: { items: MenuItem[]; onDone: () => void }) {
  return (
    <>
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={item.danger ? "menu-item menu-item-danger" : "menu-item"}
          data-testid={item.testId}
          onClick={() => {
            onDone();
            item.onSelect();
          }}
        >
          <Icon name={item.icon} />
          <span>{item.label}</span>
        </button>
      ))}
    </>
  );
}
