import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useRef } from "preact/hooks";
import { client } from "../state/client";
import { attempt } from "../state/errors";

/** Goes to the newest message; where the window does not reach it, the newest page is loaded first. */
export function useToLatest(id: string, scroller: RefObject<HTMLElement | null>, rows: unknown): () => void {
  const wanted = useRef(false);
  const arrive = () => {
    if (!wanted.current || !client.timelines.view(id).atEnd) return;
    wanted.current = false;
    scroller.current?.scrollTo({ top: 0 });
  };
  useLayoutEffect(arrive, [rows]);
  return useCallback(async () => {
    wanted.current = true;
    arrive();
    if (wanted.current && !(await attempt(() => client.timelines.loadLatest(id)))) wanted.current = false;
  }, [id]);
}
