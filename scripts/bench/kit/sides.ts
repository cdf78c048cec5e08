/**
 * Runs the sides of a comparison in turn, so that a machine that grows busy is busy for all of them; the order
 * is reversed every other round, since what runs second finds warm caches.
 */
type Sides = Record<string, (round: number) => Promise<unknown>>;
type Values<S extends Sides> = { [Side in keyof S]: Awaited<ReturnType<S[Side]>>[] };

export async function takeTurns<S extends Sides>(sides: S, rounds: number): Promise<Values<S>> {
  const entries = Object.entries(sides);
  const values: Record<string, unknown[]> = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, side] of round % 2 === 0 ? entries : entries.toReversed()) {
      values[name]?.push(await side(round));
    }
  }
  return values as Values<S>;
}

/** Seconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1_000;
}
