/** The stored session: tokens and profile, shared by all tabs of one browser. */

import type { KeyValueStorage } from "./storage";
import type { AuthAnswer, Self } from "./types";

export const SESSION_KEY = "chatsphere.session";

export interface Tokens {
  access: string;
  refresh: string;
  /** Local clock, ms. Counted from the arrival of the answer, so the server's clock does not matter. */
  issuedAt: number;
  expiresAt: number;
  user: Self;
  /** Of the refresh that was begun with these tokens; whoever repeats it with the same key gets its answer. */
  refreshKey?: string;
}

export function tokensFrom(answer: AuthAnswer): Tokens {
  const now = Date.now();
  return {
    access: answer.access_token,
    refresh: answer.refresh_token,
    issuedAt: now,
    expiresAt: now + answer.expires_in * 1000,
    user: answer.user,
  };
}

/** What is stored, or null when nothing is or it is damaged. */
export function parseTokens(text: string | null): Tokens | null {
  if (!text) return null;
  try {
    const tokens = JSON.parse(text) as Tokens;
    return tokens.access && tokens.refresh && tokens.user?.id ? tokens : null;
  } catch {
    return null;
  }
}

/** Stored in one value, so that no tab ever sees the one token without the other. */
export class TokenStore {
  constructor(readonly storage: KeyValueStorage) {}

  read(): Tokens | null {
    return parseTokens(this.storage.get(SESSION_KEY));
  }

  /** A full or forbidden storage leaves the session in memory: one signs in again after a reload. */
  write(tokens: Tokens): void {
    try {
      this.storage.set(SESSION_KEY, JSON.stringify(tokens));
    } catch {
      // Nothing else to do.
    }
  }

  clear(): void {
    this.storage.remove(SESSION_KEY);
  }

  watch(listener: (tokens: Tokens | null) => void): () => void {
    return this.storage.watch((key) => {
      // Read anew: the event tells of a write that may itself be outdated by now.
      if (key === null || key === SESSION_KEY) listener(this.read());
    });
  }
}
