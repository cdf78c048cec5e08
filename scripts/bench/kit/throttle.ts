/**
 * A line of so many bytes a second, shared by everybody who uses it. Whoever sends is told when its bytes are
 * through; nothing is dropped and nobody is preferred.
 */
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** When bytes that come at `now` are through, given when those before them are; milliseconds. */
export function throughAt(busyUntil: number, now: number, bytes: number, bytesPerSecond: number): number {
  return Math.max(busyUntil, now) + (1_000 * bytes) / bytesPerSecond;
}

/** Larger pieces would arrive in bursts. */
const PIECE_BYTES = 64 * 1_024;

export class Line {
  readonly #rate: number;
  #busyUntil = 0;

  constructor(bytesPerSecond: number) {
    this.#rate = bytesPerSecond;
  }

  async carry(bytes: number): Promise<void> {
    this.#busyUntil = throughAt(this.#busyUntil, performance.now(), bytes, this.#rate);
    const wait = this.#busyUntil - performance.now();
    if (wait > 1) await sleep(wait);
  }

  /** A stream that lets bytes through at the line's pace. */
  stream(): Duplex {
    const carry = (bytes: number) => this.carry(bytes);
    return Duplex.from(async function* slowly(source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
          const piece = chunk.subarray(at, at + PIECE_BYTES);
          await carry(piece.length);
          yield piece;
        }
      }
    });
  }
}
