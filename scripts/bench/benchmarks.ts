/** All benchmarks, in the order of design's table. B9 (a library page at 100,000 files) comes with the library. */
import type { Benchmark } from "./benchmark.ts";
import { ladder } from "./b1-ladder.ts";

export const benchmarks: readonly Benchmark[] = [ladder];
