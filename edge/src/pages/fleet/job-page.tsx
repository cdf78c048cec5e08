/** `/agents/jobs/{id}`: one job with everything that became of it, attempt by attempt. */
import type { AttemptView, JobViewWithHistory } from "../../fleet/job-view.ts";
import { formatWait } from "../shared/format.ts";
import { JobSteps } from "./job-steps.tsx";
import { fleetPage, Moment } from "./shell.tsx";
import { secondsSince } from "./words.ts";
import { kindWords, outcomeWords, partWords } from "../shared/job-words.ts";

export function jobPage(job: JobViewWithHistory, now: number) {
  return fleetPage(
    `${kindWords(job.kind)} of ${job.file}`,
    "jobs",
    <div id="job" data-live>
      <div class="section-head">
        <h1>
          {kindWords(job.kind)}
          {job.part === "all" ? null : <span class="fine">{` ${partWords(job.part)}`}</span>}
        </h1>
        <JobSteps job={job} />
      </div>
      <p>
        {"Of the file "}
        <a href={`/${job.file}`}>{job.file}</a>
        {", "}
        <a href={`/agents/jobs?file=${job.file}`}>with all its jobs</a>
      </p>
      <Facts job={job} />
      <h2>Attempts</h2>
      {job.history.length === 0 ? (
        <p class="empty">No agent has had it yet.</p>
      ) : (
        <ol class="attempts">
          {job.history.map((attempt) => (
            <Attempt attempt={attempt} now={now} />
          ))}
        </ol>
      )}
    </div>,
  );
}

function Facts({ job }: { job: JobViewWithHistory }) {
  const facts: [string, string][] = [
    ["State", job.state],
    ["Class", job.class],
    ["Attempts", `${job.attempts}, ${job.losses} lost`],
  ];
  return (
    <dl class="details">
      {facts.map(([term, value]) => (
        <div>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <div>
        <dt>Asked for</dt>
        <dd>
          <Moment at={job.created_at} />
        </dd>
      </div>
      {job.error === null ? null : (
        <div>
          <dt>Reason</dt>
          <dd>{job.error.message}</dd>
        </div>
      )}
    </dl>
  );
}

function Attempt({ attempt, now }: { attempt: AttemptView; now: number }) {
  const { epoch, agent, label, slot, granted_at: from, ended_at: to, outcome, error } = attempt;
  const seconds = secondsSince(from, to === null ? now : Date.parse(to));
  return (
    <li class="attempt" data-outcome={outcome}>
      <strong>{outcomeWords(outcome)}</strong>
      <span>{label ?? agent}</span>
      <span class="fine">
        <Moment at={from} />
        {` · ${formatWait(seconds)} · ${slot} slot · epoch ${epoch}`}
      </span>
      {error === null ? null : <p class="fine">{error.message}</p>}
    </li>
  );
}
