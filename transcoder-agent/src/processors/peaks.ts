/**
 * The loudest sample of equal stretches of a sound whose length nobody knows beforehand. Pure but for what it
 * has gathered, which never grows beyond a few hundred kilobytes. Used by the waveform processor.
 */

/** Fine stretches kept for each one asked for: an edge is off by a 32nd of a stretch at most. */
const FINENESS = 64;

export interface Peaks {
  /** Samples from −32768 to 32767. */
  add(sample: number): void;
  /** How many there were. */
  count(): number;
  /** 0 … 255, silence to full scale; fewer than asked for only where there are fewer samples. */
  build(): number[];
}

export function collectPeaks(buckets: number): Peaks {
  const fine = new Uint16Array(buckets * FINENESS);
  /** Samples in one fine stretch; doubles when there is no room. */
  let step = 1;
  let count = 0;
  return {
    add(sample) {
      let at = Math.floor(count / step);
      if (at === fine.length) {
        halve(fine);
        step *= 2;
        at = Math.floor(count / step);
      }
      fine[at] = Math.max(fine[at] ?? 0, Math.abs(sample));
      count++;
    },
    count: () => count,
    build() {
      const used = Math.ceil(count / step);
      const wanted = Math.min(buckets, used);
      return Array.from({ length: wanted }, (_, index) => {
        const from = Math.floor((index * used) / wanted);
        const until = Math.max(from + 1, Math.floor(((index + 1) * used) / wanted));
        const loudest = fine.subarray(from, until).reduce((most, value) => Math.max(most, value), 0);
        return Math.min(255, Math.round((loudest * 255) / 32_767));
      });
    },
  };
}

/** Two stretches become one. */
function halve(fine: Uint16Array): void {
  const half = fine.length / 2;
  for (let at = 0; at < half; at++) fine[at] = Math.max(fine[2 * at] ?? 0, fine[2 * at + 1] ?? 0);
  fine.fill(0, half);
}
