/**
 * What was done to make the file's renditions, attempt by attempt, and another try where some failed: for its owner
 * and for the operator.
 */
import { formatWait } from "../../src/pages/shared/format.ts";
import { jobStateWords, kindWords, outcomeWords, partWords } from "../../src/pages/shared/job-words.ts";
import { list, maybe, object, type Shaped, text, tryShape } from "../../src/pages/shared/shape.ts";
import { parseJson } from "../lib/answers.ts";
import { currentRecord, onRecord } from "../lib/current-record.ts";
import { announce, find } from "../lib/dom.ts";
import { entry } from "./entry.ts";
import { askHost, type OwnerHeaders } from "../lib/owner.ts";

const Attempt = object({
  label: maybe(text),
  agent: text,
  outcome: text,
  granted_at: maybe(text),
  ended_at: maybe(text),
  error: maybe(object({ message: text })),
});
const Jobs = object({
  jobs: list(object({ kind: text, part: text, state: text, history: list(Attempt) })),
});
type Job = Shaped<typeof Jobs>["jobs"][number];

export function startWork(headers: OwnerHeaders): void {
  const { id } = currentRecord();
  const work = find("#work", HTMLDetailsElement);
  work.hidden = false;
  work.addEventListener("toggle", () => {
    if (work.open) void draw(id, headers);
  });
  const retry = find("#retry", HTMLButtonElement);
  onRecord(({ status }) => {
    retry.hidden = status !== "partial" && status !== "failed";
  });
  retry.addEventListener("click", () => {
    retry.disabled = true;
    void again(id, headers).finally(() => {
      retry.disabled = false;
    });
  });
}

async function draw(id: string, headers: OwnerHeaders): Promise<void> {
  const problem = find("#work-problem", HTMLElement);
  const said = await askHost(`/api/files/${id}/jobs`, { headers });
  problem.textContent = said.ok ? "" : said.words;
  const jobs = said.ok ? tryShape(Jobs, parseJson(said.words))?.jobs : undefined;
  if (!jobs) return;
  const entries = jobs.length === 0 ? [entry("Nothing was to be made", "")] : jobs.map(entryOf);
  find("#work-list", HTMLElement).replaceChildren(...entries);
}

async function again(id: string, headers: OwnerHeaders): Promise<void> {
  const said = await askHost(`/api/files/${id}/retry`, { method: "POST", headers });
  // The page of a file that is worked on follows it from the start.
  if (said.ok) return location.reload();
  find("#work", HTMLDetailsElement).open = true;
  find("#work-problem", HTMLElement).textContent = said.words;
  announce(said.words);
}

function entryOf(job: Job): Element {
  const attempts = job.history.map(attemptWords);
  const became = attempts.length === 0 ? jobStateWords(job.state) : attempts.join("; ");
  return entry(kindWords(job.kind), [partWords(job.part), became].filter(Boolean).join(" · "));
}

function attemptWords({
  label,
  agent,
  outcome,
  granted_at,
  ended_at,
  error,
}: Shaped<typeof Attempt>): string {
  const took = granted_at && ended_at ? (Date.parse(ended_at) - Date.parse(granted_at)) / 1_000 : null;
  const words = `${outcomeWords(outcome)}${took === null ? "" : ` in ${formatWait(took)}`} by ${label ?? agent}`;
  return error === null || outcome === "done" ? words : `${words}: ${error.message}`;
}
