import { useEffect, useState } from "preact/hooks";

let leave: ((active: boolean) => void) | null = null;

/** Only one row at a time carries its action buttons: the one last pointed at or focused. */
export function useActive(): [boolean, () => void] {
  const [active, setActive] = useState(false);
  useEffect(
    () => () => {
      if (leave === setActive) leave = null;
    },
    [],
  );
  const activate = () => {
    if (leave === setActive) return;
    leave?.(false);
    leave = setActive;
    setActive(true);
  };
  return [active, activate];
}
