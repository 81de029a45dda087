/** The one error class of the library. */

import type { Problem } from "./wire";

/**
 * Codes of the server (`validation_failed`, `not_found`, `forbidden`, `conflict`, `payload_too_large`, `rate_limited`,
 * `unavailable`, `token_expired`, `token_revoked` …) and four of the library's own: `network` (no answer over HTTP),
 * `timeout` (no acknowledgement in time), `disconnected` (no socket now), `outbox_full`.
 */
export class ChatError extends Error {
  override readonly name = "ChatError";

  constructor(
    readonly code: string,
    readonly detail: string,
    /** What is wrong with which field, for forms. */
    readonly errors?: { field: string; message: string }[],
    /** Seconds to wait before trying again. */
    readonly retryAfter?: number,
    /** HTTP status, when there was one. */
    readonly status?: number,
  ) {
    super(`${code}: ${detail}`);
  }

  /** From an acknowledgement's `error` or a problem+json body. */
  static from(problem: Problem, status?: number): ChatError {
    return new ChatError(
      problem.code ?? "unavailable",
      problem.detail ?? problem.title ?? "",
      problem.errors,
      problem.retry_after,
      status,
    );
  }
}
