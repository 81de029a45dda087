/** Who is signed in, and the tokens that prove it. */

import { backoff } from "./backoff";
import { ChatError } from "./errors";
import type { Http } from "./http";
import { exclusively } from "./locks";
import { type TokenStore, type Tokens, tokensFrom } from "./tokens";
import type { AuthAnswer, Self } from "./types";
import { uuidv7 } from "./uuid";
import type { Vault } from "./vault";

const LOCK = "chatsphere.refresh";
/** A token this close to its end is not worth sending: it would expire on the way. */
const MARGIN_MS = 5_000;
const MARGIN = 0.1;
/** setTimeout counts in 32 bits; a longer wait would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type SignInPath = "/auth/login" | "/auth/register" | "/auth/oauth2/complete";

export interface SessionHooks {
  /** Somebody signed in (here, or restored). */
  started(): void;
  /** A fresh access token is there: prolong the open sockets with it. */
  renewed(token: string): void;
  /** The profile changed. */
  profile(): void;
  ended(code: string): void;
}

/**
 * The server treats the second use of a refresh token as theft and ends the whole session. So a refresh runs at most
 * once at a time in this tab (`#refreshing`) and in all tabs (a lock), and looks into the vault once it holds the lock:
 * a tab that came second takes over what the first one got.
 */
export class Session {
  #tokens: Tokens | null = null;
  #refreshing: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #unwatch: (() => void) | null = null;

  constructor(
    private readonly http: Http,
    private readonly store: TokenStore,
    private readonly vault: Promise<Vault>,
    private readonly hooks: SessionHooks,
  ) {}

  get user(): Self | null {
    return this.#tokens?.user ?? null;
  }

  /** Takes up the stored session. False when there is none. */
  restore(): boolean {
    this.#watch();
    const tokens = this.store.read();
    if (tokens) this.#begin(tokens);
    return tokens !== null;
  }

  async signIn(path: SignInPath, form: object): Promise<Self> {
    const cookies = path === "/auth/oauth2/complete";
    const answer = (await this.http("POST", path, { body: form, cookies })) as AuthAnswer;
    this.#watch();
    if (this.#tokens) this.#forget("logged_out");
    const tokens = tokensFrom(answer);
    await this.#keep(tokens);
    this.#begin(tokens);
    return tokens.user;
  }

  async signOut(everywhere: boolean): Promise<void> {
    const tokens = this.#tokens;
    if (!tokens) return;
    try {
      const token = await this.freshToken();
      await this.http("POST", "/auth/logout", { token, body: { everywhere } });
    } catch {
      // Signed out here in any case.
    }
    if (this.#tokens) this.end("logged_out");
  }

  /** A usable access token, refreshed first if it is about to expire. Rejects when that could not be done now. */
  async freshToken(): Promise<string> {
    if (this.#tokens && !usable(this.#tokens)) await this.refresh();
    if (!this.#tokens) throw new ChatError("token_revoked", "Not signed in.");
    return this.#tokens.access;
  }

  /** Renews the tokens. Rejects with `network`, `unavailable` … (still signed in) or `token_revoked` (ended). */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  updateUser(user: Self): void {
    if (!this.#tokens) return;
    this.#tokens = { ...this.#tokens, user };
    this.store.write(this.#tokens);
    this.hooks.profile();
  }

  /** The session is over: forgets it, here and in the shared storage. */
  end(code: string): void {
    // Another tab may have signed in anew meanwhile: its tokens stay.
    if (this.store.read()?.refresh === this.#tokens?.refresh) this.store.clear();
    this.#forget(code);
  }

  /** Stops timers and watching; the stored session stays. */
  close(): void {
    clearTimeout(this.#timer);
    this.#unwatch?.();
    this.#unwatch = null;
    this.#tokens = null;
  }

  /** Signing in or out in one tab does so in all. */
  #watch(): void {
    this.#unwatch ??= this.store.watch((stored) => this.#otherTab(stored));
  }

  #begin(tokens: Tokens): void {
    this.#tokens = tokens;
    this.#schedule();
    this.hooks.started();
  }

  #forget(code: string): void {
    const tokens = this.#tokens;
    if (!tokens) return;
    clearTimeout(this.#timer);
    this.#tokens = null;
    void this.vault.then((vault) => vault.clear(tokens)).catch(() => {});
    this.hooks.ended(code);
  }

  async #refresh(): Promise<void> {
    const stale = this.#tokens;
    if (!stale) throw new ChatError("token_revoked", "Not signed in.");
    try {
      const vault = await this.vault;
      await exclusively(LOCK, vault, () => this.#rotate(stale, vault));
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      throw error;
    } finally {
      this.#schedule();
    }
  }

  async #rotate(stale: Tokens, vault: Vault): Promise<void> {
    if (await this.#takeOver(stale, vault)) return;
    const refresh = this.#tokens?.refresh;
    const idempotencyKey = await this.#refreshKey();
    if (!refresh || !idempotencyKey) throw new ChatError("token_revoked", "Not signed in.");
    try {
      const body = { refresh_token: refresh };
      const answer = (await this.http("POST", "/auth/token/refresh", { body, idempotencyKey })) as AuthAnswer;
      if (this.#tokens?.refresh !== refresh) return;
      const tokens = tokensFrom(answer);
      // Kept before it is used: a tab that closes now must not leave the used-up token behind.
      await this.#keep(tokens);
      if (this.#tokens?.refresh === refresh) this.#adopt(tokens);
    } catch (error) {
      // Only the server's own refusal ends a session; no answer, or a proxy's 502, does not.
      const status = error instanceof ChatError ? error.status : undefined;
      if (status !== 401 && status !== 403 && status !== 422) throw error;
      if (await this.#takeOver(stale, vault)) return;
      this.end((error as ChatError).code === "banned" ? "banned" : "token_revoked");
      throw new ChatError("token_revoked", "The session has ended.");
    }
  }

  /**
   * The key under which these tokens are refreshed, kept before the refresh is sent: should its answer be lost, to a
   * cut network or a reload, the same refresh may be repeated. Without it the server would take that for theft.
   */
  async #refreshKey(): Promise<string | undefined> {
    const tokens = this.#tokens;
    if (!tokens || tokens.refreshKey) return tokens?.refreshKey;
    const kept = { ...tokens, refreshKey: crypto.randomUUID?.() ?? uuidv7() };
    await this.#keep(kept);
    if (this.#tokens?.refresh === kept.refresh)
      this.#tokens = { ...this.#tokens, refreshKey: kept.refreshKey };
    return kept.refreshKey;
  }

  /** Uses the tokens that another tab has already got. True when that makes a refresh unnecessary. */
  async #takeOver(stale: Tokens, vault: Vault): Promise<boolean> {
    const known = [this.store.read(), await vault.read().catch(() => null)];
    const stored = known
      .filter((tokens) => tokens?.user.id === stale.user.id && tokens.issuedAt >= stale.issuedAt)
      .sort((a, b) => (b?.issuedAt ?? 0) - (a?.issuedAt ?? 0))[0];
    if (!stored || stored.refresh === stale.refresh || !this.#tokens) return false;
    if (stored.refresh !== this.#tokens?.refresh) this.#adopt(stored);
    return usable(stored);
  }

  /** In the vault first: it is what a refresh goes by. */
  async #keep(tokens: Tokens): Promise<void> {
    await (await this.vault).write(tokens).catch(() => {});
    this.store.write(tokens);
  }

  #otherTab(stored: Tokens | null): void {
    const held = this.#tokens;
    if (!stored) return this.#forget("logged_out");
    if (!held) return this.#begin(stored);
    if (stored.user.id !== held.user.id) {
      this.#forget("other_user");
      return this.#begin(stored);
    }
    if (stored.refresh === held.refresh) {
      this.#tokens = stored;
      return this.hooks.profile();
    }
    // Messages of several tabs may arrive late; the younger tokens win.
    if (stored.issuedAt >= held.issuedAt) this.#adopt(stored);
  }

  #adopt(tokens: Tokens): void {
    const before = JSON.stringify(this.#tokens?.user);
    this.#tokens = tokens;
    if (JSON.stringify(tokens.user) !== before) this.hooks.profile();
    this.#schedule();
    this.hooks.renewed(tokens.access);
  }

  /** At some 80 % of the lifetime, spread so that tabs and devices do not refresh together; after failures, backoff. */
  #schedule(): void {
    clearTimeout(this.#timer);
    const tokens = this.#tokens;
    if (!tokens) return;
    const lifetime = tokens.expiresAt - tokens.issuedAt;
    const due = tokens.issuedAt + lifetime * (0.75 + Math.random() * 0.1) - Date.now();
    const wait =
      this.#failures > 0 ? Math.max(due, backoff(this.#failures, 1_000, 60_000)) : Math.max(0, due);
    this.#timer = setTimeout(() => void this.refresh().catch(() => {}), Math.min(wait, LONGEST_TIMER_MS));
    (this.#timer as { unref?: () => void }).unref?.();
  }
}

function usable(tokens: Tokens): boolean {
  const margin = Math.min(MARGIN_MS, MARGIN * (tokens.expiresAt - tokens.issuedAt));
  return tokens.expiresAt - Date.now() > margin;
}
