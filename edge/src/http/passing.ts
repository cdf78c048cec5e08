/** Errors of D1, R2 and Durable Objects after which the same may go well a moment later. Pure. */

/** developers.cloudflare.com: d1/observability/debug-d1, durable-objects/best-practices/error-handling. */
const PASSING =
  /overloaded|network connection lost|object to be reset|code was updated|due to transient issue|internal error; reference|D1 DB is .* try again/i;

/** Looks through what wraps it: drizzle puts D1's own error into `cause`. */
export function isPassing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (PASSING.test(cause.message)) return true;
  }
  return false;
}
