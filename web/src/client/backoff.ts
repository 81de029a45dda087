/** Waiting between attempts. */

/** Exponential, capped, and spread by ±50 %, so that clients cut off together do not come back together. */
export function backoff(attempt: number, firstMs: number, maxMs: number): number {
  const base = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 20));
  return base * (0.5 + Math.random());
}

/** Waits, unless woken: `wake` ends the current wait at once. */
export class Pause {
  #wake: (() => void) | null = null;

  async for(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }

  wake(): void {
    this.#wake?.();
  }
}
