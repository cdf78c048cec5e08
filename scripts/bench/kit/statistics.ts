/** Figures from samples; pure. Medians throughout: one slow round on a shared machine must not decide. */

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Between the two nearest samples where it falls between. */
export function quantile(samples: readonly number[], part: number): number {
  if (samples.length === 0) throw new Error("There is no quantile of nothing.");
  const sorted = samples.toSorted((one, other) => one - other);
  const at = part * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return below + (above - below) * (at - Math.floor(at));
}

/** By Theil and Sen: the median of the slopes between all pairs of points that stand apart. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], at) =>
    points
      .slice(at + 1)
      .filter(([other]) => other !== x)
      .map(([x2, y2]) => (y2 - y) / (x2 - x)),
  );
  return median(slopes);
}

/** Fewest and most, as people write them: "1.02–1.11". */
export function spread(samples: readonly number[], digits = 2): string {
  return `${Math.min(...samples).toFixed(digits)}–${Math.max(...samples).toFixed(digits)}`;
}

export function sum(samples: readonly number[]): number {
  return samples.reduce((total, sample) => total + sample, 0);
}
