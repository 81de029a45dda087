/**
 * Keeps what the reader looks at where it is. The scroller is `column-reverse` with one child, so its origin is the
 * bottom: at the end it stays at the end by itself, whatever grows. Everywhere else the first visible row is held in
 * place when rows come or go.
 */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const AT_END = 24;

export const fromBottom = (scroller: HTMLElement) => -scroller.scrollTop;
export const fromTop = (scroller: HTMLElement) =>
  scroller.scrollHeight - scroller.clientHeight + scroller.scrollTop;
export const isAtBottom = (scroller: HTMLElement) => fromBottom(scroller) <= AT_END;

interface Anchor {
  row: HTMLElement;
  top: number;
}

/** Call in render, before the rows change; `stick`: the newest message is among the rows, so the end is the end. */
export function useScrollKeeper(
  scroller: RefObject<HTMLElement | null>,
  rows: unknown,
  stick: boolean,
): void {
  const before = useRef<unknown>(null);
  const anchor = useRef<Anchor | null>(null);
  if (before.current !== rows) {
    const box = scroller.current;
    anchor.current = box && !(stick && isAtBottom(box)) ? firstVisible(box) : null;
  }
  useLayoutEffect(() => {
    if (before.current === rows) return;
    before.current = rows;
    const box = scroller.current;
    const held = anchor.current;
    if (!box || !held?.row.isConnected) return;
    const moved = held.row.getBoundingClientRect().top - held.top;
    if (moved !== 0) box.scrollTop += moved;
  }, [rows]);
}

/** The topmost row that is at least partly visible, by bisection: rows are in order. */
function firstVisible(box: HTMLElement): Anchor | null {
  const rows = box.querySelectorAll<HTMLElement>("[data-key]");
  const edge = box.getBoundingClientRect().top;
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > edge) high = middle;
    else low = middle + 1;
  }
  const row = rows[low];
  return row ? { row, top: row.getBoundingClientRect().top } : null;
}
