/** Seeds that once broke a promise, with what was wrong then. They are run with every test. */
export const KEPT_SEEDS: Readonly<Record<number, string>> = {
  12: "of a job made again, the catalogue kept naming what was still there, the coordinator what was new",
  39: "the same, of stills",
};
