/** Pages for what went wrong: each says what happened and what to do next. `http/answer.ts` calls the hook. */
import type { ErrorPage } from "../http/answer.ts";
import { pageHeaders } from "../http/headers.ts";
import type { Problem, ProblemCode } from "../http/problems.ts";
import { Icon, type IconName } from "./icons.tsx";
import { page } from "./layout.tsx";
import { SITE_NAME } from "./open-graph.ts";

interface Look {
  icon: IconName;
  title: string;
}

const FAULT: Look = { icon: "alert", title: "That did not work" };

const LOOKS: Record<ProblemCode, Look> = {
  malformed: FAULT,
  unauthorized: { icon: "lock", title: "Who are you?" },
  forbidden: { icon: "lock", title: "This is not yours" },
  not_found: { icon: "search", title: "Nothing here" },
  method_not_allowed: FAULT,
  conflict: FAULT,
  precondition_failed: FAULT,
  gone: { icon: "gone", title: "This file was deleted" },
  length_required: FAULT,
  too_large: { icon: "alert", title: "That file is too large" },
  type_refused: { icon: "alert", title: "This kind of file is not taken" },
  range_not_satisfiable: FAULT,
  invalid: FAULT,
  rate_limited: { icon: "clock", title: "A little slower, please" },
  internal: { icon: "alert", title: "Something broke" },
  unavailable: { icon: "clock", title: "Back in a moment" },
  out_of_space: { icon: "alert", title: "This host is full" },
};

export const renderProblem: ErrorPage = (c, problem) =>
  c.html(problemPage(problem, c.get("requestId")), problem.status, pageHeaders());

export function problemPage(problem: Problem, requestId: string) {
  const { icon, title } = LOOKS[problem.code];
  return page(
    { title: `${title} · ${SITE_NAME}`, scripts: ["problem"] },
    <section class="state" data-gone={problem.code === "gone" ? "" : undefined}>
      <Icon name={icon} />
      <h1>{title}</h1>
      {bare(problem.message) === bare(title) ? null : <p>{problem.message}</p>}
      {problem.hint === undefined ? null : <p>{problem.hint}</p>}
      <p class="state-actions">
        {problem.retryable || problem.code === "internal" ? (
          <a class="button primary scripted" href="" id="again" data-after={problem.retryAfter}>
            <Icon name="retry" />
            Try again
          </a>
        ) : null}
        <a class="button" href="/">
          {problem.status === 404 || problem.status === 410 ? "Upload a file" : "To the front page"}
        </a>
      </p>
      <p class="fine">
        {problem.status} · request <code>{requestId}</code>
      </p>
    </section>,
  );
}

/** Not said twice where the title has said it. */
function bare(sentence: string): string {
  return sentence.toLowerCase().replace(/[^a-z ]/g, "");
}
