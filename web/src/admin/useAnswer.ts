import { useEffect, useState } from "preact/hooks";
import { explain } from "../state/errors";

interface Answer<T> {
  /** null until it is there. */
  value: T | null;
  problem: string | null;
  set: (value: T) => void;
  again: () => void;
}

/** What a call answers; asked once, and again every so many ms while the page is in sight. */
export function useAnswer<T>(ask: () => Promise<T>, everyMs?: number): Answer<T> {
  const [value, set] = useState<T | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let stale = false;
    const load = () =>
      ask().then(
        (answer) => {
          if (stale) return;
          set(answer);
          setProblem(null);
        },
        (error) => !stale && setProblem(explain(error)),
      );
    void load();
    const timer =
      everyMs && setInterval(() => document.visibilityState === "visible" && void load(), everyMs);
    return () => {
      stale = true;
      if (timer) clearInterval(timer);
    };
  }, [asked]);
  return { value, problem, set, again: () => setAsked((n) => n + 1) };
}
