/**
 * Doors of a file that open to whoever uploaded it from this browser and so has its key, and to the operator, whom
 * the host knows by itself. The page says whether the operator looks at it.
 */
import { refusalText } from "./answers.ts";
import { currentRecord } from "./current-record.ts";
import { findUpload } from "./uploads.ts";

export type OwnerHeaders = Record<string, string>;

/** What opens the doors of this page's file; null to everybody else. */
export function ownerHeaders(isOperator: boolean): OwnerHeaders | null {
  const key = findUpload(currentRecord().id)?.deleteKey;
  if (!key && !isOperator) return null;
  return { Accept: "application/json", ...(key ? { "X-Delete-Key": key } : {}) };
}

export interface Said {
  ok: boolean;
  /** 0 where no answer came. */
  status: number;
  /** The body of a good answer, else the sentence of the refusal. */
  words: string;
}

export async function askHost(path: string, init: RequestInit): Promise<Said> {
  try {
    const answer = await fetch(path, init);
    const { ok, status } = answer;
    const body = await answer.text();
    return { ok, status, words: ok ? body : refusalText(body, status) };
  } catch {
    return { ok: false, status: 0, words: refusalText("", 0) };
  }
}
