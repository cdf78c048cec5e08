/** What the functions of this room work with, without knowing the router, and how they read what they are sent. */
import { z } from "zod";
import type { Database } from "../db/client.ts";
import { Problem } from "../http/problems.ts";

export interface Desk {
  env: Env;
  db: Database;
  /** Of links we give out. */
  origin: string;
}

/** Far more than any body of these doors needs. */
const MOST_BODY_BYTES = 10_000;
/** Characters. */
export const LONGEST_LABEL = 60;
/** Controls, and the marks that turn the direction of writing. */
const UNWANTED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A name that people gave: cleaned and shortened, refused only where nothing is left. */
export const Label = z
  .string()
  .transform((text) => text.replaceAll(UNWANTED, "").trim().slice(0, LONGEST_LABEL).toWellFormed().trim())
  .refine((text) => text !== "", "must not be empty");
export const Tier = z.number().int().min(0).max(9);

/** Throws 400 for what is no JSON and 422 for what does not fit. No body at all counts as `{}`. */
export async function readBody<S extends z.ZodType>(request: Request, schema: S): Promise<z.infer<S>> {
  const text = await readText(request);
  const parsed = schema.safeParse(text === "" ? {} : jsonOf(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new Problem("invalid", `The body does not fit: ${field} ${issue?.message ?? ""}`.trim(), {
    hint: "docs/operator-api.md has the fields of each request.",
  });
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > MOST_BODY_BYTES) throw tooLong();
  const text = await request.text();
  if (text.length > MOST_BODY_BYTES) throw tooLong();
  return text;
}

function tooLong(): Problem {
  return new Problem("too_large", `The body is longer than ${MOST_BODY_BYTES} bytes.`, {
    hint: "Send the JSON of docs/operator-api.md and nothing else.",
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("malformed", "The body is no JSON.", { hint: 'Send JSON such as {"label": "attic"}.' });
  }
}
