/** Who is typing, both ways. */

import type { TypingApi } from "./api";
import type { Emitter } from "./emitter";

const RENEW_MS = 3_000;
const IDLE_MS = 5_000;
/** A little longer than the server's own 6 s, in case its "off" is lost. */
const FORGET_MS = 7_000;

const NOBODY: readonly string[] = [];

interface Own {
  toldAt: number;
  idle: ReturnType<typeof setTimeout>;
}

export class Typing implements TypingApi {
  readonly #own = new Map<string, Own>();
  readonly #others = new Map<string, Map<string, ReturnType<typeof setTimeout>>>();
  readonly #lists = new Map<string, readonly string[]>();

  constructor(
    private readonly emitter: Emitter,
    private readonly tell: (payload: { conversation_id: string; on: boolean }) => void,
  ) {}

  set(conversationId: string, on: boolean): void {
    const own = this.#own.get(conversationId);
    if (!on) {
      if (!own) return;
      clearTimeout(own.idle);
      this.#own.delete(conversationId);
      return this.tell({ conversation_id: conversationId, on: false });
    }
    clearTimeout(own?.idle);
    const idle = setTimeout(() => this.set(conversationId, false), IDLE_MS);
    const due = !own || Date.now() - own.toldAt >= RENEW_MS;
    this.#own.set(conversationId, { toldAt: due ? Date.now() : own.toldAt, idle });
    if (due) this.tell({ conversation_id: conversationId, on: true });
  }

  users(conversationId: string): readonly string[] {
    return this.#lists.get(conversationId) ?? NOBODY;
  }

  /** An event from the server. */
  heard(conversationId: string, userId: string, on: boolean): void {
    const typing = this.#others.get(conversationId) ?? new Map();
    const known = typing.has(userId);
    clearTimeout(typing.get(userId));
    if (on) {
      this.#others.set(conversationId, typing);
      typing.set(
        userId,
        setTimeout(() => this.heard(conversationId, userId, false), FORGET_MS),
      );
    } else {
      typing.delete(userId);
      if (typing.size === 0) this.#others.delete(conversationId);
    }
    if (known !== on) this.#changed(conversationId, typing);
  }

  clear(): void {
    for (const { idle } of this.#own.values()) clearTimeout(idle);
    this.#own.clear();
    for (const [id, typing] of this.#others) {
      for (const timer of typing.values()) clearTimeout(timer);
      typing.clear();
      this.#changed(id, typing);
    }
    this.#others.clear();
  }

  #changed(conversationId: string, typing: Map<string, unknown>): void {
    if (typing.size > 0) this.#lists.set(conversationId, [...typing.keys()]);
    else this.#lists.delete(conversationId);
    this.emitter.touch(`typing:${conversationId}`);
  }
}
