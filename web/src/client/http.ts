/** JSON over HTTP: one call, one answer or one ChatError. Knows nothing of sessions. */

import { ChatError } from "./errors";
import type { Problem } from "./wire";

export type Http = (method: string, path: string, options?: HttpOptions) => Promise<unknown>;

export interface HttpOptions {
  token?: string;
  body?: unknown;
  /** Of a call that may be repeated when its answer was lost. */
  idempotencyKey?: string;
}

/** `base` is e.g. "https://chat.example/api/v1". Anything that is no answer (cut, timeout) is a `network` error. */
export function makeHttp(base: string, timeoutMs: number, fetcher: typeof fetch): Http {
  return async (method, path, { token, body, idempotencyKey } = {}) => {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await fetcher(base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: abort.signal,
        // Tokens travel in headers only; no cookie must ever sign anybody in.
        credentials: "omit",
      });
      const text = await response.text();
      if (response.ok) return text ? JSON.parse(text) : undefined;
      throw refusal(response, text);
    } catch (error) {
      if (error instanceof ChatError) throw error;
      throw new ChatError(
        "network",
        abort.signal.aborted ? "The server did not answer in time." : String(error),
      );
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Also for answers that are not ours, such as a proxy's 502 page. */
function refusal(response: Response, text: string): ChatError {
  let problem: Problem = {};
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    problem = { detail: response.statusText };
  }
  const header = Number(response.headers.get("Retry-After"));
  return ChatError.from(
    {
      ...problem,
      code: problem.code ?? (response.status >= 500 ? "unavailable" : `http_${response.status}`),
      retry_after: problem.retry_after ?? (header > 0 ? header : undefined),
    },
    response.status,
  );
}

/** "?a=1&b=2" of what is set, or "". */
export function query(parameters: Record<string, string | number | boolean | undefined>): string {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  if (pairs.length === 0) return "";
  return `?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]))}`;
}
