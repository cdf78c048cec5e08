/** The two doors: a raw body is one file, a form holds several. Both give what was kept and what was refused. */
import { MIB } from "../config.ts";
import { toProblem } from "../http/answer.ts";
import { Problem } from "../http/problems.ts";
import { dropRest } from "../http/unread.ts";
import { cleanName } from "../media/names.ts";
import type { Refusal } from "./answer.ts";
import { FILE_FIELDS, formFiles } from "./form.ts";
import { keepFile, type Keeper, type KeptFile } from "./keep-file.ts";
import { announcedLength, emptyFile } from "./limits.ts";
import { bodyPull, endedEarly, openPieces, openSource } from "./source.ts";
import { PART_BYTES } from "./write-object.ts";

/** Of a raw body: what is no longer than that is sent in one piece, and again elsewhere where a shard fails. */
const READ_AHEAD_BYTES = MIB;

export interface Received {
  kept: KeptFile[];
  refused: Refusal[];
}

/** A body with no length, or an empty one, never gets here as a stream. */
export async function receiveRaw(keeper: Keeper, request: Request, name: string): Promise<Received> {
  const length = announcedLength(request.headers.get("content-length") ?? undefined, keeper.config, "raw");
  if (request.body === null) throw emptyFile();
  const pull = bodyPull(request.body);
  try {
    const source = await openSource(pull, READ_AHEAD_BYTES);
    if (source.whole && source.head.length < length) endedEarly();
    const settled = () => Promise.resolve();
    return { kept: [await keepFile(keeper, { name, source, length, atMost: length, settled })], refused: [] };
  } catch (error) {
    await dropRest(pull);
    throw error;
  }
}

/** Throws where not one file was kept. What was kept before a form broke off stays, and is told. */
export async function receiveForm(keeper: Keeper, request: Request): Promise<Received> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\b/i.test(type)) throw notAForm();
  const length = announcedLength(request.headers.get("content-length") ?? undefined, keeper.config, "form");
  if (request.body === null) throw emptyFile();
  const received: Received = { kept: [], refused: [] };
  const buffer = new Uint8Array(PART_BYTES);
  const refuse = (name: string, error: unknown) => {
    const problem = toProblem(error, request.url);
    if (problem.code === "internal") keeper.warn("a file of a form was not kept", { cause: String(error) });
    received.refused.push({ name: cleanName(name), problem });
  };
  try {
    for await (const { name, pull, settled } of formFiles(request.body, type)) {
      try {
        const source = await openPieces(pull, buffer);
        received.kept.push(await keepFile(keeper, { name, source, length: null, atMost: length, settled }));
      } catch (error) {
        refuse(name, error);
      }
    }
  } catch (error) {
    refuse("", error);
  }
  const [first] = received.refused;
  if (received.kept.length > 0) return received;
  throw first === undefined ? noFile() : first.problem;
}

function notAForm(): Problem {
  return new Problem("malformed", "POST takes a form of the type multipart/form-data.", {
    hint: "Use curl -F file=@photo.jpg HOST/ — or send the bytes as they are: curl -T photo.jpg HOST/",
  });
}

function noFile(): Problem {
  return new Problem("invalid", "The form holds no file.", {
    hint: `Put it into one of the fields ${FILE_FIELDS.join(", ")}, as in: curl -F file=@photo.jpg HOST/`,
  });
}
