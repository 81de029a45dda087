/** Topics and their listeners. */

import type { Topics } from "./types";

type Topic = keyof Topics;
type Listener = (payload: never) => void;

/**
 * Notifications are gathered until the end of the current microtask: a sync that touches one conversation 500 times
 * tells its listeners once. Topics that carry a payload (`signed_out`, `incoming`) are told once per payload, in order.
 */
export class Emitter {
  readonly #listeners = new Map<Topic, Set<Listener>>();
  readonly #touched = new Set<Topic>();
  readonly #payloads: [Topic, unknown][] = [];
  #scheduled = false;

  on<T extends Topic>(topic: T, listener: (payload: Topics[T]) => void): () => void {
    const set = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, set);
    // A wrapper of its own, so that one function subscribed twice is unsubscribed once.
    const own: Listener = (payload) => listener(payload);
    set.add(own);
    return () => {
      set.delete(own);
      if (set.size === 0 && this.#listeners.get(topic) === set) this.#listeners.delete(topic);
    };
  }

  /** Says that what `topic` stands for has changed. */
  touch(topic: Topic): void {
    if (!this.#listeners.has(topic)) return;
    this.#touched.add(topic);
    this.#schedule();
  }

  tell<T extends Topic>(topic: T, payload: Topics[T]): void {
    this.#payloads.push([topic, payload]);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const touched = [...this.#touched];
    const payloads = this.#payloads.splice(0);
    this.#touched.clear();
    for (const topic of touched) this.#call(topic, undefined);
    for (const [topic, payload] of payloads) this.#call(topic, payload);
  }

  #call(topic: Topic, payload: unknown): void {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      try {
        listener(payload as never);
      } catch (error) {
        // Shown as an uncaught error like any other, but the remaining listeners still hear.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
