/**
 * What a processor gets and gives: the seam between running a job (`job.ts`, which owns sockets, signed
 * addresses and clean-up) and making renditions (this folder, which knows neither).
 */
import type { Encoder } from "../ffmpeg/encoders.ts";
import type { Log } from "../log.ts";
import type { Recipe, Result } from "../protocol.ts";

/** An input of the job. Each byte is fetched once, on demand, into a sparse file. */
export interface Source {
  /** Bytes. */
  readonly size: number;
  /** A loopback address with range support, the only address ffmpeg may open. */
  readonly url: string;
  /** The same for what nobody waits for: on a slow line its reading must not take turns with that of others. */
  readonly asideUrl: string;
  /** Fetches all of it and answers the path of the complete local file. */
  download(): Promise<string>;
  /** Copies `length` bytes from `offset` to the end of the file at `path`. */
  appendTo(path: string, offset: number, length: number): Promise<void>;
  /** `length` bytes from `offset`, fewer at the end. For tables, not for media: they are held in memory. */
  read(offset: number, length: number): Promise<Buffer>;
  /**
   * The path of a file made from this input, made once for all jobs of this agent that read it, and kept as
   * long as the input is. `make` writes to the path it is given and ends when its signal is aborted.
   */
  derive(name: string, make: (path: string, signal: AbortSignal) => Promise<void>): Promise<string>;
  /** Work that other jobs of this agent on this input stand back for. */
  lead<T>(work: () => Promise<T>): Promise<T>;
  standBack(): Promise<void>;
}

/** A finished file that becomes an object of the job. */
export interface Product {
  /** Object name, one path step: "720.mp4". */
  name: string;
  /** Media type. */
  type: string;
  path: string;
}

export interface JobContext {
  /** Aborted when the job is cancelled, lost or the agent stops: end at once and clean up. */
  readonly signal: AbortSignal;
  /** An empty folder of this job's own, removed afterwards. */
  readonly workspace: string;
  readonly log: Log;
  /** H.264 encoders that passed a trial here, best first; never empty. */
  readonly encoders: readonly Encoder[];
  /** The input of that name; without one, the first (the original). */
  source(name?: string): Promise<Source>;
  /** Starts the upload and returns at once; the job awaits all uploads before it reports. */
  deliver(product: Product): void;
  /** 0 … 1; may be called often. */
  progress(fraction: number): void;
  /** What is left of the job takes little of the machine, so the next one may begin. Free to be said again. */
  easing(): void;
}

/** Makes the renditions of one recipe. Throws JobError; anything else counts as `crashed`. */
export type Processor<R extends Recipe> = (
  recipe: R,
  context: JobContext,
) => Promise<Extract<Result, { kind: R["kind"] }>>;
