/** JSON over HTTP: one call, one answer or one ChatError. Knows nothing of sessions. */

import { ChatError } from "./errors";
import { fetchWithProgress } from "./progress";
import type { Problem } from "./wire";

/** Longest time that a file may take on its way. */
const FILE_TIMEOUT_MS = 180_000;

export type Http = (method: string, path: string, options?: HttpOptions) => Promise<unknown>;

export interface HttpOptions {
  token?: string;
  /** Sent as JSON; a Blob or a form as it is. */
  body?: unknown;
  /** Of a call that may be repeated when its answer was lost. */
  idempotencyKey?: string;
  /** For the calls that begin and end signing in with a provider: they alone give and take a cookie. */
  cookies?: boolean;
  /** How much of the body is sent, from 0 to 1. */
  onProgress?: ((part: number) => void) | undefined;
  /** The answer is a file. */
  file?: boolean;
  signal?: AbortSignal | undefined;
}

/** `base` is e.g. "https://chat.example/api/v1". Anything that is no answer (cut, timeout) is a `network` error. */
export function makeHttp(base: string, timeoutMs: number, fetcher: typeof fetch): Http {
  return async (method, path, options = {}) => {
    const { token, body, idempotencyKey, cookies, onProgress, signal } = options;
    const form = body instanceof FormData;
    const file = form || body instanceof Blob;
    const headers: Record<string, string> = { Accept: "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    // Of a form the browser says the type, with the boundary that it chose.
    if (body !== undefined && !form)
      headers["Content-Type"] = body instanceof Blob ? body.type : "application/json";
    if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), file || options.file ? FILE_TIMEOUT_MS : timeoutMs);
    const stop = () => abort.abort();
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    const send = onProgress ? fetchWithProgress(fetcher, onProgress) : fetcher;
    try {
      const response = await send(base + path, {
        method,
        headers,
        body: body === undefined ? undefined : file ? body : JSON.stringify(body),
        signal: abort.signal,
        // Tokens travel in headers only; no cookie must ever sign anybody in.
        credentials: cookies ? "same-origin" : "omit",
      });
      if (response.ok && options.file) return await response.blob();
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
      signal?.removeEventListener("abort", stop);
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
