/** How an upload is answered: JSON in one of two statuses, bare links, or the way to the page. Pure. */
import { uploadAnswer, type UploadAnswer } from "../catalog/record.ts";
import { problemBody, type Problem } from "../http/problems.ts";
import type { KeptFile } from "./keep-file.ts";

const OWN_TYPE = "application/vnd.capcloud+json";
const TEXT_OUTPUTS = new Set(["text", "gyazo"]);

export interface Wishes {
  accept: string;
  /** The `output` parameter of pomf hosts. */
  output: string | null;
}

/** A file of the form that was not kept. */
export interface Refusal {
  name: string;
  problem: Problem;
}

export interface AnswerParts {
  status: 200 | 201 | 303;
  type: string;
  body: string;
  /** Of a 303. */
  location?: string;
}

/** `kept` holds at least one. */
export function answerUpload(
  kept: readonly KeptFile[],
  refused: readonly Refusal[],
  wishes: Wishes,
  { origin, requestId }: { origin: string; requestId: string },
): AnswerParts {
  const answers = kept.map(({ file, deleteKey, outboxId }) =>
    uploadAnswer(file, outboxId === null ? [] : [`${file.pool}.${outboxId}`], deleteKey, origin),
  );
  const links = { type: "text/plain; charset=utf-8", body: answers.map(({ url }) => `${url}\n`).join("") };
  if (wantsPage(wishes)) return { status: 303, ...links, location: answers[0]?.url ?? `${origin}/` };
  if (wantsText(wishes)) return { status: 200, ...links };
  const errors = refused.map(({ name, problem }) => ({ name, ...problemBody(problem, requestId) }));
  const body = JSON.stringify(merge(answers, errors));
  const own = wishes.accept.includes(OWN_TYPE);
  return own ? { status: 201, type: OWN_TYPE, body } : { status: 200, type: "application/json", body };
}

/** A form that a browser sent by itself, without a script of ours. */
function wantsPage({ accept, output }: Wishes): boolean {
  if (output !== null) return output.toLowerCase() === "page";
  return /\btext\/html\b/i.test(accept) && !/\bjson\b/i.test(accept);
}

function wantsText({ accept, output }: Wishes): boolean {
  if (output !== null) return TEXT_OUTPUTS.has(output.toLowerCase());
  return /\btext\/plain\b/i.test(accept) && !/\bjson\b/i.test(accept);
}

/** The top level describes the first file, `files` all of them. */
function merge(answers: UploadAnswer[], errors: unknown[]) {
  const files = answers.flatMap((answer) => answer.files);
  return { ...answers[0], files, ...(errors.length === 0 ? {} : { errors }) };
}
