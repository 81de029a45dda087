import { useEffect, useState } from "preact/hooks";
import type { User } from "../client";
import { client } from "../state/client";
import { explain } from "../state/errors";

const PAUSE_MS = 180;
const LIMIT = 30;

export interface People {
  /** null while the first answer is on its way. */
  people: User[] | null;
  problem: string | null;
}

/** People whose name matches, oneself and the excluded left out; asks the server when typing pauses. */
export function usePeople(q: string, exclude: readonly string[] = []): People {
  const [state, setState] = useState<People>({ people: null, problem: null });
  useEffect(() => {
    let stale = false;
    const timer = setTimeout(async () => {
      try {
        const found = await client.users.search(q.trim(), LIMIT);
        const people = found.filter(({ id }) => id !== client.me?.id && !exclude.includes(id));
        if (!stale) setState({ people, problem: null });
      } catch (error) {
        if (!stale) setState((before) => ({ ...before, problem: explain(error) }));
      }
    }, PAUSE_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [q, exclude.join()]);
  return state;
}
