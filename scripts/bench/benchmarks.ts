/** All benchmarks, in the order of design's table. B9 (a library page at 100,000 files) comes with the library. */
import type { Benchmark } from "./benchmark.ts";
import { ladder } from "./b1-ladder.ts";
import { firstSegment } from "./b2-first-segment.ts";
import { manyAgents } from "./b3-many-agents.ts";
import { slowLine } from "./b4-slow-line.ts";
import { dispatch } from "./b5-dispatch.ts";
import { throughput } from "./b6-throughput.ts";
import { upload } from "./b7-upload.ts";
import { ranges } from "./b8-ranges.ts";
import { memory } from "./b10-memory.ts";
import { images } from "./b11-images.ts";
import { killed } from "./b12-killed.ts";
import { operations } from "./b13-operations.ts";
import { start } from "./b14-start.ts";
import { recovery } from "./b15-recovery.ts";
import { flood } from "./b16-flood.ts";

export const benchmarks: readonly Benchmark[] = [
  ladder,
  firstSegment,
  manyAgents,
  slowLine,
  dispatch,
  throughput,
  upload,
  ranges,
  memory,
  images,
  killed,
  operations,
  start,
  recovery,
  flood,
];
