import type { Ref } from "preact";
import { Icon, type IconName } from "./Icon";

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick?: (event: MouseEvent) => void;
  testId?: string | undefined;
  class?: string;
  type?: "button" | "submit";
  disabled?: boolean;
  expanded?: boolean;
  pressed?: boolean;
  popup?: "menu" | "dialog";
  buttonRef?: Ref<HTMLButtonElement>;
}

export function IconButton({
  icon,
  label,
  testId,
  expanded,
  pressed,
  popup,
  buttonRef,
  ...rest
}: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      ref={buttonRef}
      class={`icon-button ${rest.class ?? ""}`}
      aria-label={label}
      title={label}
      aria-expanded={expanded}
      aria-pressed={pressed}
      aria-haspopup={popup}
      data-testid={testId}
    >
      <Icon name={icon} />
    </button>
  );
}
