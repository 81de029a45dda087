/** A list that comes in pages, for what the client does not keep itself. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Page } from "../client";
import { explain } from "./errors";

export interface Pages<T> {
  /** null until the first page is there. */
  items: readonly T[] | null;
  /** Tried anew by itself when the network is back. */
  problem: string | null;
  /** Fetches the next page; null when there is none, or it is on its way. */
  more: (() => void) | null;
  /** From the start; what is shown stays until the answer. */
  reload: () => Promise<void>;
}

/** `what` is asked for: read anew when it is another. */
export function usePages<T>(
  fetch: (cursor?: string) => Promise<Page<T>>,
  what: readonly unknown[] = [],
): Pages<T> {
  const [items, setItems] = useState<readonly T[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const latest = useRef(0);
  const load = async (cursor?: string) => {
    const mine = ++latest.current;
    setNext(null);
    try {
      const page = await fetch(cursor);
      if (mine !== latest.current) return;
      setItems((held) => (cursor ? [...(held ?? []), ...page.items] : page.items));
      setNext(page.next_cursor);
      setProblem(null);
    } catch (error) {
      if (mine !== latest.current) return;
      setProblem(explain(error));
      setNext(cursor ?? null);
    }
  };
  useEffect(() => {
    void load();
    return () => {
      latest.current += 1;
    };
  }, what);
  useEffect(() => {
    if (!problem) return;
    const again = () => void load();
    addEventListener("online", again);
    return () => removeEventListener("online", again);
  }, [problem]);
  return { items, problem, more: next === null ? null : () => void load(next), reload: () => load() };
}
