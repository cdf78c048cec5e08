/**
 * The bytes of one file on their way in, whichever door they came through. The first piece is read ahead, so
 * that the type is known, and another shard can be tried, before anything is sent on. Nothing else is kept.
 */
import { Problem } from "../http/problems.ts";

/** Gives the next bytes, or null at the end. Throws when the sender is gone or the form is broken. */
export type Pull = () => Promise<Uint8Array | null>;

export interface Source {
  /** Read ahead; all of the file where `whole`. Holds until `rest` is called. */
  readonly head: Uint8Array;
  readonly whole: boolean;
  /** The bytes after the head. A piece may share its memory with the one before. */
  readonly rest: Pull;
  /** False as long as everything can still be sent once more, from the head. */
  readonly touched: () => boolean;
}

/** Reads the first `headBytes`; the rest comes in whatever sizes it arrives. */
export async function openSource(pull: Pull, headBytes: number): Promise<Source> {
  const pieces = new Pieces(new Uint8Array(headBytes), pull);
  const head = await pieces.fill();
  return source(head, head.length < headBytes, () => pieces.pass());
}

/** Head and rest come in pieces that fill `buffer`, all but the last: as R2 wants the parts of an upload. */
export async function openPieces(pull: Pull, buffer: Uint8Array): Promise<Source> {
  const pieces = new Pieces(buffer, pull);
  const head = await pieces.fill();
  return source(head, head.length < buffer.length, async () => {
    const piece = await pieces.fill();
    return piece.length === 0 ? null : piece;
  });
}

function source(head: Uint8Array, whole: boolean, next: Pull): Source {
  let touched = false;
  const rest: Pull = () => {
    touched = true;
    return next();
  };
  return { head, whole, rest, touched: () => touched };
}

/** Cuts what is pulled to the size of one buffer, which is used again and again. */
class Pieces {
  readonly #buffer: Uint8Array;
  readonly #pull: Pull;
  /** What came beyond the end of the last piece. */
  #over: Uint8Array = new Uint8Array();

  constructor(buffer: Uint8Array, pull: Pull) {
    this.#buffer = buffer;
    this.#pull = pull;
  }

  /** A full buffer, or less at the end. */
  async fill(): Promise<Uint8Array> {
    let filled = 0;
    while (filled < this.#buffer.length) {
      const chunk = await this.pass();
      if (chunk === null) break;
      const taken = chunk.subarray(0, this.#buffer.length - filled);
      this.#buffer.set(taken, filled);
      filled += taken.length;
      this.#over = chunk.subarray(taken.length);
    }
    return this.#buffer.subarray(0, filled);
  }

  /** What is at hand, or the next that comes. */
  async pass(): Promise<Uint8Array | null> {
    const over = this.#over;
    this.#over = new Uint8Array();
    return over.length > 0 ? over : await this.#pull();
  }
}

/** Bytes asked for at once: fewer, larger steps between the socket and storage. */
const READ_BYTES = 64 * 1_024;

/** Reads a request's body. */
export function bodyPull(body: ReadableStream<Uint8Array>): Pull {
  const reader = body.getReader({ mode: "byob" });
  return async () => {
    const { value, done } = await reader.read(new Uint8Array(READ_BYTES)).catch(endedEarly);
    return done || value === undefined ? null : value;
  };
}

export function endedEarly(): never {
  throw new Problem("malformed", "The upload ended before all of it had arrived.", {
    hint: "Send it again; if it stays so, check the connection.",
  });
}
