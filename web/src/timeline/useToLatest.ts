import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useRef } from "preact/hooks";
import { client } from "../state/client";
import { attempt } from "../state/errors";
import { fromBottom } from "./useScrollKeeper";

/** Farther than this many screens there is nothing to follow with the eye: no glide, a jump. */
const GLIDE_SCREENS = 3;

/** Goes to the newest message; where the window does not reach it, the newest page is loaded first. */
export function useToLatest(id: string, scroller: RefObject<HTMLElement | null>, rows: unknown): () => void {
  const wanted = useRef(false);
  useLayoutEffect(() => {
    if (!wanted.current || !client.timelines.view(id).atEnd) return;
    wanted.current = false;
    scroller.current?.scrollTo({ top: 0 });
  }, [rows]);
  return useCallback(() => {
    const box = scroller.current;
    if (!box) return;
    if (client.timelines.view(id).atEnd) {
      const near = fromBottom(box) < GLIDE_SCREENS * box.clientHeight;
      return box.scrollTo({ top: 0, behavior: near ? "smooth" : "auto" });
    }
    wanted.current = true;
    void attempt(() => client.timelines.loadLatest(id)).then((worked) => {
      wanted.current &&= worked;
    });
  }, [id]);
}
