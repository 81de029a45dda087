import type { RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { client, useTimeline } from "../state/client";
import { attempt } from "../state/errors";
import type { ScrollKeeper } from "./ScrollKeeper";

const HIGHLIGHT_MS = 1800;

/**
 * Scrolls to a message, loading the history around it when it is not held; at first to the link's or the first unread
 * one. Until that is reached (`settled`), nothing that happens to be in view counts as read.
 */
export function useJump(
  id: string,
  keeper: RefObject<ScrollKeeper | null>,
  target: number | null,
  unreadFrom: number | null,
) {
  const { loaded, items } = useTimeline(id);
  const [highlighted, setHighlighted] = useState<number | null>(null);
  const [settled, setSettled] = useState(false);
  const wanted = useRef<{ seq: number; mark: boolean } | null>(null);
  const started = useRef(false);

  const jump = useCallback(
    async (seq: number, mark: boolean) => {
      wanted.current = { seq, mark };
      if (settle()) return;
      const worked = await attempt(() => client.timelines.loadAround(id, seq));
      if (worked) return;
      wanted.current = null;
      setSettled(true);
    },
    [id],
  );

  /** True when the wanted message is on the page and has been brought into view. */
  const settle = () => {
    const want = wanted.current;
    const row = want && keeper.current?.box.querySelector<HTMLElement>(`[data-seq="${want.seq}"]`);
    if (!row || !keeper.current) return false;
    wanted.current = null;
    reveal(keeper.current, row);
    setSettled(true);
    if (want.mark) setHighlighted(want.seq);
    return true;
  };

  useLayoutEffect(() => {
    if (!loaded) return;
    if (!started.current) {
      started.current = true;
      if (target !== null) void jump(target, true);
      else if (unreadFrom !== null) void jump(unreadFrom, false);
      else setSettled(true);
    } else settle();
  }, [loaded, items]);

  useEffect(() => {
    if (started.current && target !== null) void jump(target, true);
  }, [target]);

  useEffect(() => {
    if (highlighted === null) return;
    const timer = setTimeout(() => setHighlighted(null), HIGHLIGHT_MS);
    return () => clearTimeout(timer);
  }, [highlighted]);

  const jumpTo = useCallback((seq: number) => void jump(seq, true), [jump]);
  return { jumpTo, highlighted, settled };
}

/** Puts the row a third from the top, and holds it there while its neighbours are laid out. */
function reveal(keeper: ScrollKeeper, row: HTMLElement): void {
  const { box } = keeper;
  const offset = row.getBoundingClientRect().top - box.getBoundingClientRect().top;
  box.scrollTop += offset - box.clientHeight / 3;
  keeper.hold(row);
}
