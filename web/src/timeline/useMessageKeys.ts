import type { RefObject } from "preact";
import { useMemo } from "preact/hooks";

/** One tab stop for all messages: arrow keys move between them, Tab goes on to the buttons of the one in focus. */
export function useMessageKeys(scroller: RefObject<HTMLElement | null>) {
  return useMemo(
    () => ({
      onKeyDown(event: KeyboardEvent) {
        const row = (event.target as HTMLElement).closest<HTMLElement>(".message");
        if (!row || event.target !== row) return;
        const rows = [...(scroller.current?.querySelectorAll<HTMLElement>(".message") ?? [])];
        const at = rows.indexOf(row);
        const next: Record<string, number> = {
          ArrowUp: at - 1,
          ArrowDown: at + 1,
          Home: 0,
          End: rows.length - 1,
        };
        const index = next[event.key];
        const to = index === undefined ? undefined : rows[index];
        if (!to) return;
        event.preventDefault();
        row.tabIndex = -1;
        to.tabIndex = 0;
        to.focus();
      },
    }),
    [],
  );
}
