/**
 * The closed set of problems that the outside sees. Rooms throw `new Problem(code, …)`; one handler in
 * `http/answer.ts` turns it into JSON for the API and into a page for people.
 */
const STATUS = {
  malformed: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  gone: 410,
  length_required: 411,
  precondition_failed: 412,
  too_large: 413,
  type_refused: 415,
  range_not_satisfiable: 416,
  invalid: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
  out_of_space: 507,
} as const;

export type ProblemCode = keyof typeof STATUS;
export type ProblemStatus = (typeof STATUS)[ProblemCode];

export interface ProblemDetails {
  /** What the asker can do next. */
  hint?: string;
  /** Seconds, sent as Retry-After; makes the problem retryable. */
  retryAfter?: number;
  headers?: Record<string, string>;
  /** Nothing is amiss: what is asked for is merely not made yet. */
  expected?: boolean;
}

export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: ProblemStatus;
  readonly hint: string | undefined;
  readonly retryAfter: number | undefined;
  readonly headers: Record<string, string>;
  readonly expected: boolean;

  /** `message` is one sentence for people; it never holds a secret, a query or a stack. */
  constructor(code: ProblemCode, message: string, details: ProblemDetails = {}) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
    this.hint = details.hint;
    this.retryAfter = details.retryAfter;
    this.headers = details.headers ?? {};
    this.expected = details.expected ?? false;
  }

  get retryable(): boolean {
    return this.retryAfter !== undefined;
  }
}

/** The JSON body of an error answer, as the contract has it. */
export function problemBody(problem: Problem, requestId: string) {
  return {
    success: false as const,
    description: problem.message,
    error: {
      code: problem.code,
      message: problem.message,
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
      request_id: requestId,
      retryable: problem.retryable,
    },
  };
}
