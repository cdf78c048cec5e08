/** `/agents/jobs`: the queue as a list, filtered by state or file, newest first. */
import type { JobView } from "../../fleet/job-view.ts";
import { formatPercent, formatWait } from "../shared/format.ts";
import { JobSteps } from "./job-steps.tsx";
import { fleetPage } from "./shell.tsx";
import { jobStateWords, kindWords, partWords } from "../shared/job-words.ts";
import { agoWords, secondsSince } from "./words.ts";

export interface QueuePage {
  jobs: JobView[];
  next: string | null;
  state: string | null;
  file: string | null;
  now: number;
}

/** In the order in which an operator asks for them. */
const FILTERS = [
  { state: null, words: "All" },
  { state: "ready", words: "Waiting" },
  { state: "leased", words: "At work" },
  { state: "retry_wait", words: "To be tried again" },
  { state: "dead", words: "Failed" },
  { state: "done", words: "Done" },
  { state: "cancelled", words: "Cancelled" },
] as const;

export function jobsPage(view: QueuePage) {
  return fleetPage(
    "Jobs",
    "jobs",
    <>
      <h1>Jobs</h1>
      <nav class="filters" aria-label="Which jobs">
        {FILTERS.map(({ state, words }) => (
          <a
            class="button quiet"
            href={addressOf({ ...view, state }, null)}
            aria-current={state === view.state ? "page" : undefined}
          >
            {words}
          </a>
        ))}
      </nav>
      {view.file === null ? null : (
        <p class="fine">
          {"Of the file "}
          <a href={`/${view.file}`}>{view.file}</a>
          {". "}
          <a href={addressOf({ ...view, file: null }, null)}>Show those of all files</a>
        </p>
      )}
      <div id="jobs" data-live>
        <JobList view={view} />
      </div>
    </>,
  );
}

function JobList({ view }: { view: QueuePage }) {
  return (
    <>
      {view.jobs.length === 0 ? (
        <p class="empty">{view.next === null ? "None." : "None on this page."}</p>
      ) : (
        <ul class="jobs">
          {view.jobs.map((job) => (
            <JobRow job={job} now={view.now} />
          ))}
        </ul>
      )}
      {view.next === null ? null : (
        <a class="button" href={addressOf(view, view.next)}>
          Older ones
        </a>
      )}
    </>
  );
}

function JobRow({ job, now }: { job: JobView; now: number }) {
  return (
    <li class="job" data-state={job.state}>
      <a class="job-name" href={`/agents/jobs/${job.id}`}>
        {kindWords(job.kind)}
        {job.part === "all" ? null : <span class="fine">{` ${partWords(job.part)}`}</span>}
      </a>
      <a class="fine" href={`/${job.file}`}>
        {job.file}
      </a>
      <span class="job-state">{stateOf(job, now)}</span>
      <span class="fine">{agoWords(job.created_at, now)}</span>
      <JobSteps job={job} />
      {job.error === null ? null : <p class="fine job-error">{job.error.message}</p>}
    </li>
  );
}

function stateOf(job: JobView, now: number): string {
  switch (job.state) {
    case "leased":
      return `at work, ${formatPercent(job.fraction)}`;
    case "ready":
      return `waiting for ${formatWait(secondsSince(job.waiting_since, now))}`;
    case "retry_wait": {
      const left = job.not_before === null ? 0 : (Date.parse(job.not_before) - now) / 1_000;
      return `tried again in ${formatWait(left)}`;
    }
    default:
      return jobStateWords(job.state);
  }
}

function addressOf({ state, file }: Pick<QueuePage, "state" | "file">, cursor: string | null): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ state, file, cursor }))
    if (value !== null) query.set(name, value);
  const text = query.toString();
  return text === "" ? "/agents/jobs" : `/agents/jobs?${text}`;
}
