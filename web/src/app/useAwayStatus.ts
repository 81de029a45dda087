import { useEffect } from "preact/hooks";
import { client } from "../state/client";

const IDLE_MS = 5 * 60_000;

/** Away after five minutes without a key, a pointer or a visible page; online again at the first sign of life. */
export function useAwayStatus(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let status: "online" | "away" = "online";
    const set = (next: typeof status) => {
      if (next !== status) client.presence.setStatus(next);
      status = next;
    };
    const alive = () => {
      if (document.visibilityState !== "visible") return;
      clearTimeout(timer);
      timer = setTimeout(() => set("away"), IDLE_MS);
      set("online");
    };
    const signs = ["keydown", "pointerdown", "pointermove", "focus"] as const;
    for (const sign of signs) addEventListener(sign, alive, { passive: true });
    document.addEventListener("visibilitychange", alive);
    alive();
    return () => {
      clearTimeout(timer);
      for (const sign of signs) removeEventListener(sign, alive);
      document.removeEventListener("visibilitychange", alive);
    };
  }, []);
}
