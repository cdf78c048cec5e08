/**
 * How often the front of a film moves: each move writes all of its open jobs, and whoever asks is anonymous. What is
 * left out is made good by the next question, which a viewer who goes on watching asks within seconds. In memory: after
 * a restart all may move.
 */
import { SECOND } from "../../config.ts";

const PAUSE_MS = SECOND;
/** Films remembered before those that may move again are forgotten. */
const MANY = 1_000;

export class FrontPace {
  readonly #moved = new Map<string, number>();

  /** Whether it may move now; it then counts as moved. */
  take(fileId: string, now: number): boolean {
    const before = this.#moved.get(fileId);
    if (before !== undefined && now - before < PAUSE_MS) return false;
    if (this.#moved.size >= MANY) this.#forget(now);
    this.#moved.set(fileId, now);
    return true;
  }

  #forget(now: number): void {
    for (const [fileId, at] of this.#moved) if (now - at >= PAUSE_MS) this.#moved.delete(fileId);
  }
}
