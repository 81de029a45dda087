import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * The focus was in a part that is gone now that `what` is another: it goes to the box around it (`tabIndex={-1}`), not
 * back to the start of everything.
 */
export function useKeptFocus(what: unknown): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  const before = useRef(what);
  useLayoutEffect(() => {
    const changed = before.current && before.current !== what;
    if (changed && document.activeElement === document.body) box.current?.focus();
    before.current = what;
  }, [what]);
  return box;
}
