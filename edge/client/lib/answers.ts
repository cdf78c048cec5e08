/** What the API answers, read at the door: uploads, records and refusals. */
import { type RecordView, readRecord } from "../../src/pages/shared/record.ts";
import { maybe, number, object, type Shaped, text, tryShape } from "../../src/pages/shared/shape.ts";

export const UploadAnswer = object({
  id: text,
  name: text,
  url: text,
  thumbnail_url: maybe(text),
  delete_url: maybe(text),
  type: text,
  size: number,
});
export type UploadAnswer = Shaped<typeof UploadAnswer>;

const Refusal = object({ error: object({ message: text, hint: maybe(text) }) });

/** The record, or why there is none: `gone` for ever, or `unknown` for now. */
export async function fetchRecord(id: string): Promise<RecordView | "gone" | "unknown"> {
  try {
    const answer = await fetch(`/api/files/${id}`, { headers: { Accept: "application/json" } });
    if (answer.status === 404 || answer.status === 410) return "gone";
    return answer.ok ? readRecord(await answer.json()) : "unknown";
  } catch {
    return "unknown";
  }
}

/** What a refusal says, else what can be said without it. */
export function refusalText(body: string, status: number): string {
  const refusal = tryShape(Refusal, parseJson(body));
  if (refusal) return [refusal.error.message, refusal.error.hint].filter(Boolean).join(" ");
  if (status === 0) return "The connection broke. Try again once you are online.";
  if (status === 413) return "This file is larger than the host lets through at once.";
  return `The host answered ${status}. Try again in a moment.`;
}

export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
