/**
 * The disk, shared out among the jobs that run side by side: each is begun only where what all of them still have to
 * fetch and to make fits. Used by `job.ts`; frees nothing but inputs that nobody reads.
 */
import { demandRoom, freeBytes } from "./machine/disk.ts";
import type { Grant, Recipe } from "./protocol.ts";
import type { Inputs } from "./source/inputs.ts";

/** Beside its inputs an mp4 lies on the disk twice: its pieces one after the other, and as it is published. */
const COPIES: Partial<Record<Recipe["kind"], number>> = { mp4: 2 };

export class DiskRoom {
  readonly #inputs: Pick<Inputs, "missing" | "evictIdle">;
  readonly #free: () => Promise<number>;
  readonly #grants = new Set<Grant>();

  /** `folder`: where inputs and results lie. */
  constructor(
    folder: string,
    inputs: Pick<Inputs, "missing" | "evictIdle">,
    free: () => Promise<number> = () => freeBytes(folder),
  ) {
    this.#inputs = inputs;
    this.#free = free;
  }

  /** Throws `disk_full` where the job does not fit; otherwise its room is kept for it until it leaves. */
  async enter(grant: Grant): Promise<void> {
    // Before anything is waited for: who comes meanwhile counts it.
    this.#grants.add(grant);
    try {
      await this.#demand();
    } catch {
      await this.#inputs.evictIdle();
      await this.#demand().catch((error: unknown) => {
        this.leave(grant);
        throw error;
      });
    }
  }

  leave(grant: Grant): void {
    this.#grants.delete(grant);
  }

  async #demand(): Promise<void> {
    const grants = [...this.#grants];
    const made = grants.flatMap(({ recipe, inputs }) =>
      inputs.map(({ size }) => (COPIES[recipe.kind] ?? 0) * size),
    );
    const fetched = await this.#inputs.missing(grants.flatMap(({ inputs }) => inputs));
    demandRoom(
      await this.#free(),
      made.reduce((sum, bytes) => sum + bytes, fetched),
    );
  }
}
