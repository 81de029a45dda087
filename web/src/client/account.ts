/** One's own account: picture, mailed links, devices, keys, linked identities. */

import type { AccountApi } from "./api";
import { type Http, query } from "./http";
import type { Rest } from "./rest";
import type { ApiKey, DeviceSession, LinkedIdentity, Page, SecurityEvent, Self } from "./types";

export class Account implements AccountApi {
  #readings = 0;

  constructor(
    private readonly http: Http,
    private readonly rest: Rest,
    /** The own profile, as an answer had it. */
    private readonly learn: (me: Self) => void,
  ) {}

  /** Of several at once the one that asked last counts: answers may overtake each other. */
  async refresh(): Promise<Self> {
    const mine = ++this.#readings;
    const me = await this.rest.get<Self>("/auth/me");
    if (mine === this.#readings) this.learn(me);
    return me;
  }

  setAvatar(picture: Blob, onProgress?: (part: number) => void): Promise<Self> {
    return this.#me("PUT", "/auth/me/avatar", picture, onProgress);
  }

  removeAvatar(): Promise<Self> {
    return this.#me("DELETE", "/auth/me/avatar");
  }

  async forgotPassword(email: string): Promise<void> {
    await this.http("POST", "/auth/password/forgot", { body: { email } });
  }

  async resetPassword(token: string, newPassword: string): Promise<void> {
    await this.http("POST", "/auth/password/reset", { body: { token, new_password: newPassword } });
  }

  async requestVerification(): Promise<void> {
    await this.rest.call("POST", "/auth/email/verification", {});
  }

  async verifyEmail(token: string): Promise<void> {
    await this.http("POST", "/auth/email/verify", { body: { token } });
  }

  sessions(cursor?: string): Promise<Page<DeviceSession>> {
    return this.#page("/auth/sessions", cursor);
  }

  async endSession(id: string): Promise<void> {
    await this.rest.call("DELETE", `/auth/sessions/${id}`);
  }

  apiKeys(cursor?: string): Promise<Page<ApiKey>> {
    return this.#page("/auth/api-keys", cursor);
  }

  createApiKey(wish: Parameters<AccountApi["createApiKey"]>[0]): Promise<ApiKey & { key: string }> {
    return this.rest.call("POST", "/auth/api-keys", wish);
  }

  async revokeApiKey(id: string): Promise<void> {
    await this.rest.call("DELETE", `/auth/api-keys/${id}`);
  }

  identities(cursor?: string): Promise<Page<LinkedIdentity>> {
    return this.#page("/auth/identities", cursor);
  }

  async linkIdentity(provider: string): Promise<string> {
    const path = `/auth/oauth2/${provider}/link`;
    return (await this.rest.call<{ url: string }>("POST", path, {}, { cookies: true })).url;
  }

  async unlinkIdentity(id: string): Promise<void> {
    await this.rest.call("DELETE", `/auth/identities/${id}`);
  }

  activity(cursor?: string): Promise<Page<SecurityEvent>> {
    return this.#page("/auth/activity", cursor);
  }

  #page<T>(path: string, cursor: string | undefined): Promise<Page<T>> {
    return this.rest.get(path + query({ cursor }));
  }

  async #me(method: string, path: string, body?: Blob, onProgress?: (part: number) => void): Promise<Self> {
    const me = await this.rest.call<Self>(method, path, body, { onProgress });
    this.learn(me);
    return me;
  }
}
