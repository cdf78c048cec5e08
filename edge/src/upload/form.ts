/**
 * Reads a multipart form as a stream: its files one after another, each to be read to its end before the next
 * comes. busboy does the parsing; nothing of a file is kept here, and a slow reader slows the sender.
 */
import busboy from "busboy";
import { Problem } from "../http/problems.ts";
import { dropRest } from "../http/unread.ts";
import { bodyPull, endedEarly, type Pull } from "./source.ts";

/** What uploaders call their file field. */
export const FILE_FIELDS: readonly string[] = ["file", "files[]", "file[]", "upload"];
const MAX_FILES = 100;
const MAX_FIELDS = 100;
const MAX_FIELD_BYTES = 64 * 1_024;

export interface FormFile {
  name: string;
  pull: Pull;
  /** Resolves when the form goes on, or ends, as it should after this file; throws where it breaks off. */
  settled: () => Promise<void>;
}

/** Yields the files of the known fields. What the consumer leaves unread of a file is read and dropped. */
export async function* formFiles(
  body: ReadableStream<Uint8Array>,
  contentType: string,
): AsyncGenerator<FormFile> {
  const parser = openParser(contentType);
  const found = new Finds();
  parser.on("file", (field, stream, { filename }) => {
    // Whoever reads it learns of the error from the read; without a listener it would end the isolate.
    stream.on("error", () => {});
    if (FILE_FIELDS.includes(field)) found.push({ name: filename ?? "", pull: pullFrom(stream) });
    else stream.resume();
  });
  let tooMany = false;
  parser.on("filesLimit", () => (tooMany = true));
  parser.on("error", () => found.fail(brokenForm()));
  parser.on("close", () => found.end());
  const pull = bodyPull(body);
  const fed = feed(pull, parser).catch((error: unknown) => {
    found.fail(error);
    parser.destroy();
  });
  try {
    let next = found.take();
    for (let file = await next; file !== null; file = await next) {
      next = found.take();
      const following = next;
      following.catch(() => {});
      yield { ...file, settled: async () => void (await following) };
      await drain(file.pull);
    }
    if (tooMany) throw tooManyFiles();
  } finally {
    parser.destroy();
    await dropRest(async () => {
      await fed;
      return await pull();
    });
  }
}

function openParser(contentType: string): busboy.Busboy {
  try {
    return busboy({
      headers: { "content-type": contentType },
      defParamCharset: "utf8",
      limits: { files: MAX_FILES, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES },
    });
  } catch {
    throw brokenForm();
  }
}

function brokenForm(): Problem {
  return new Problem("malformed", "The form is broken: it is no complete multipart/form-data.", {
    hint: "Let the program make the form itself, as in: curl -F file=@photo.jpg HOST/",
  });
}

function tooManyFiles(): Problem {
  return new Problem("invalid", `The form holds more than ${MAX_FILES} files; the others were not kept.`, {
    hint: "Send the rest in a second form.",
  });
}

/** Waits for room before each next step: this is where a slow shard slows the sender. */
async function feed(pull: Pull, parser: busboy.Busboy): Promise<void> {
  for (let chunk = await pull(); chunk !== null; chunk = await pull()) {
    if (parser.destroyed) return;
    if (!parser.write(chunk)) await new Promise<void>((resolve) => whenRoom(parser, resolve));
  }
  parser.end();
}

function whenRoom(parser: busboy.Busboy, resolve: () => void): void {
  const done = () => {
    parser.off("drain", done);
    parser.off("close", done);
    resolve();
  };
  parser.on("drain", done);
  parser.on("close", done);
}

function pullFrom(stream: AsyncIterable<Uint8Array>): Pull {
  const bytes = stream[Symbol.asyncIterator]();
  return async () => {
    const step = await bytes.next().catch(endedEarly);
    return step.done ? null : step.value;
  };
}

async function drain(pull: Pull): Promise<void> {
  try {
    while ((await pull()) !== null);
  } catch {
    // The form is broken off; its next step says so.
  }
}

type Found = Pick<FormFile, "name" | "pull">;

/** A queue from the parser's events to the one who waits for them. */
class Finds {
  readonly #files: Found[] = [];
  #failure: { error: unknown } | null = null;
  #ended = false;
  #wake: () => void = () => {};

  push(file: Found): void {
    this.#files.push(file);
    this.#wake();
  }

  /** The first failure is the one that counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Null at the end of the form. */
  async take(): Promise<Found | null> {
    for (;;) {
      const file = this.#files.shift();
      if (file !== undefined) return file;
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
