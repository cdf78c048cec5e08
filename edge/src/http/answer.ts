/**
 * The one place where what was thrown becomes an answer: JSON for programs, and a page for people through a
 * hook that index.ts fills with the renderer of `pages/`. Nothing of a stack or a query ever leaves here.
 */
import type { Context, ErrorHandler, Hono, NotFoundHandler } from "hono";
import { ConfigError } from "../config.ts";
import type { AppEnv } from "./app.ts";
import { logLine } from "./log.ts";
import { isPassing } from "./passing.ts";
import { Problem, problemBody } from "./problems.ts";
import { schemaProblem } from "./schema-guard.ts";

export type ErrorPage = (c: Context<AppEnv>, problem: Problem) => Response | Promise<Response>;

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const READS = new Set(["GET", "HEAD"]);
const RETRY_AFTER_S = 5;
/** Hangs both handlers into the app. Without `renderPage`, people get JSON too. */
export function answerProblems(app: Hono<AppEnv>, renderPage?: ErrorPage): void {
  const answer = (c: Context<AppEnv>, problem: Problem) => {
    const page = renderPage !== undefined && wantsPage(c);
    return page ? withHeaders(renderPage(c, problem), problem) : problemAnswer(c, problem);
  };
  const onError: ErrorHandler<AppEnv> = (error, c) => {
    const problem = toProblem(error, c.req.url);
    if (problem.code === "internal") logFailure(c, error);
    return answer(c, problem);
  };
  const onMissing: NotFoundHandler<AppEnv> = (c) => answer(c, missing(app, c));
  app.onError(onError);
  app.notFound(onMissing);
}

export function problemAnswer(c: Context<AppEnv>, problem: Problem): Response {
  const requestId = c.get("requestId");
  return c.json(problemBody(problem, requestId), problem.status, {
    ...headersOf(problem),
    "X-Request-Id": requestId,
  });
}

export function toProblem(error: unknown, url: string): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ConfigError) {
    return new Problem("internal", error.message, {
      hint: "Set it in wrangler.toml or as a secret, and deploy again.",
    });
  }
  const schema = schemaProblem(error, url);
  if (schema !== null) return schema;
  if (isPassing(error)) {
    return new Problem("unavailable", "A part of this service is busy right now.", {
      hint: "Try again in a few seconds.",
      retryAfter: RETRY_AFTER_S,
    });
  }
  return new Problem("internal", "Something went wrong on our side.", {
    hint: "Try again; if it stays so, tell the owner of this host the request id.",
  });
}

/** A page for whoever asks for HTML, except below /api. */
function wantsPage(c: Context<AppEnv>): boolean {
  return (c.req.header("accept") ?? "").includes("text/html") && !c.req.path.startsWith("/api/");
}

/** 405 where the address is known by other methods, else 404. */
function missing(app: Hono<AppEnv>, c: Context<AppEnv>): Problem {
  const allowed = METHODS.filter((method) => method !== c.req.method && isRouted(app, method, c.req.path));
  const reading = READS.has(c.req.method);
  // Any single step may be PUT as a name; that does not make a thing of it that could be read.
  const known = reading ? allowed.filter((method) => method !== "PUT") : allowed;
  if (known.length === 0) {
    return new Problem("not_found", "There is nothing at this address.", {
      hint: "Check the link for a missing letter.",
    });
  }
  const list = known.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
  return new Problem("method_not_allowed", `This address does not take ${c.req.method}.`, {
    hint: `It takes ${list}.`,
    headers: { Allow: list },
  });
}

/** Middleware is registered for all methods and does not make an address known. */
function isRouted(app: Hono<AppEnv>, method: string, path: string): boolean {
  const [handlers] = app.router.match(method, path);
  return handlers.some(([[, route]]) => route.method === method);
}

function headersOf(problem: Problem): Record<string, string> {
  const retry = problem.retryAfter === undefined ? {} : { "Retry-After": String(problem.retryAfter) };
  return { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", ...retry, ...problem.headers };
}

async function withHeaders(page: Response | Promise<Response>, problem: Problem): Promise<Response> {
  const answer = new Response((await page).body, await page);
  for (const [name, value] of Object.entries(headersOf(problem))) answer.headers.set(name, value);
  return answer;
}

function logFailure(c: Context<AppEnv>, error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  logLine(c.get("config")?.logLevel ?? "error", "error", `${name}: ${message}`, {
    request: c.get("requestId"),
    path: c.req.path,
    stack,
  });
}
