/**
 * What was done to make the file's renditions, attempt by attempt, and another try where some failed: for whoever
 * uploaded it from this browser and so has its key, and for the operator, whom the host knows by itself.
 */
import { formatWait } from "../../src/pages/shared/format.ts";
import { jobStateWords, kindWords, outcomeWords } from "../../src/pages/shared/job-words.ts";
import { list, maybe, object, type Shaped, text, tryShape } from "../../src/pages/shared/shape.ts";
import { parseJson, refusalText } from "../lib/answers.ts";
import { currentRecord, onRecord } from "../lib/current-record.ts";
import { announce, find, stamp } from "../lib/dom.ts";
import { findUpload } from "../lib/uploads.ts";

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

export function startWork(): void {
  const { id } = currentRecord();
  const key = findUpload(id)?.deleteKey;
  const work = find("#work", HTMLDetailsElement);
  if (!key && work.hidden) return;
  work.hidden = false;
  const headers = { Accept: "application/json", ...(key ? { "X-Delete-Key": key } : {}) };
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

async function draw(id: string, headers: Record<string, string>): Promise<void> {
  const problem = find("#work-problem", HTMLElement);
  const said = await ask(`/api/files/${id}/jobs`, { headers });
  problem.textContent = said.ok ? "" : said.words;
  const jobs = said.ok ? tryShape(Jobs, parseJson(said.words))?.jobs : undefined;
  if (!jobs) return;
  const entries = jobs.length === 0 ? [entry("Nothing was to be made", "")] : jobs.map(entryOf);
  find("#work-list", HTMLElement).replaceChildren(...entries);
}

async function again(id: string, headers: Record<string, string>): Promise<void> {
  const said = await ask(`/api/files/${id}/retry`, { method: "POST", headers });
  // The page of a file that is worked on follows it from the start.
  if (said.ok) return location.reload();
  find("#work", HTMLDetailsElement).open = true;
  find("#work-problem", HTMLElement).textContent = said.words;
  announce(said.words);
}

async function ask(path: string, init: RequestInit): Promise<{ ok: boolean; words: string }> {
  try {
    const answer = await fetch(path, init);
    const body = await answer.text();
    return { ok: answer.ok, words: answer.ok ? body : refusalText(body, answer.status) };
  } catch {
    return { ok: false, words: refusalText("", 0) };
  }
}

function entryOf(job: Job): Element {
  const name = kindWords(job.kind) + (job.part === "all" ? "" : ` ${job.part}`);
  const attempts = job.history.map(attemptWords);
  return entry(name, attempts.length === 0 ? jobStateWords(job.state) : attempts.join("; "));
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

function entry(name: string, words: string): Element {
  const made = stamp("#work-entry");
  find("dt", HTMLElement, made).textContent = name;
  find("dd", HTMLElement, made).textContent = words;
  return made;
}
