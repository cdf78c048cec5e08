/** The buttons of a job: only those that its state takes. */
import type { JobView } from "../../fleet/job-view.ts";

const STEPS: Record<string, { step: string; words: string }[]> = {
  blocked: [{ step: "cancel", words: "Cancel" }],
  ready: [{ step: "cancel", words: "Cancel" }],
  leased: [{ step: "cancel", words: "Cancel" }],
  committing: [{ step: "cancel", words: "Cancel" }],
  retry_wait: [
    { step: "retry", words: "Try now" },
    { step: "cancel", words: "Cancel" },
  ],
  dead: [{ step: "redrive", words: "Try again" }],
  cancelled: [],
  done: [],
};

export function JobSteps({ job: { id, state } }: { job: Pick<JobView, "id" | "state"> }) {
  return (
    <span class="steps scripted">
      {(STEPS[state] ?? []).map(({ step, words }) => (
        <form data-api={`POST /api/jobs/${id}/${step}`} data-done={words}>
          <button class="button quiet" id={`${step}-${id}`}>
            {words}
          </button>
          <p class="problem" role="alert"></p>
        </form>
      ))}
    </span>
  );
}
