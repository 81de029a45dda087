import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ScrollKeeper } from "./ScrollKeeper";

/** A keeper for this scroller that acts when rows come or go and when one of them changes its height. */
export function useScrollKeeper(
  scroller: RefObject<HTMLElement | null>,
  rows: unknown,
  stick: boolean,
): RefObject<ScrollKeeper | null> {
  const keeper = useRef<ScrollKeeper | null>(null);
  const sticks = useRef(stick);
  sticks.current = stick;
  const box = scroller.current;
  useLayoutEffect(() => {
    const element = scroller.current;
    const content = element?.firstElementChild;
    if (!element || !content) return;
    const made = new ScrollKeeper(element);
    keeper.current = made;
    const observer = new ResizeObserver(() => made.keep(sticks.current));
    observer.observe(content);
    return () => observer.disconnect();
  }, [box === null]);
  useLayoutEffect(() => keeper.current?.keep(stick), [rows]);
  return keeper;
}
