/**
 * A workplace for tests of processors: real files on loopback, real ffmpeg, what is delivered kept by name.
 * Everything lies in one temporary folder that `close` removes.
 */
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Encoder } from "../ffmpeg/encoders.ts";
import { SOFTWARE } from "../ffmpeg/h264.ts";
import { createLog } from "../log.ts";
import { processJob } from "../processors/index.ts";
import type { JobContext, Product } from "../processors/processor.ts";
import type { Recipe, Result } from "../protocol.ts";
import { serveFile, type ServedFile } from "./loopback.ts";

export interface Done<R> {
  result: R;
  /** By object name. */
  products: Map<string, Product>;
  /** Path of a delivered object. */
  path: (name: string) => string;
}

export interface Bench {
  folder: string;
  /** Runs a job on files: the first is the original, the others by name. */
  run<R extends Recipe>(
    recipe: R,
    inputs: string | Record<string, string>,
    options?: { encoders?: Encoder[]; signal?: AbortSignal },
  ): Promise<Done<Extract<Result, { kind: R["kind"] }>>>;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "capcloud-bench-"));
  const served = new Map<string, ServedFile>();
  let jobs = 0;
  const serve = async (path: string) => {
    const known = served.get(path) ?? (await serveFile(path));
    served.set(path, known);
    return known;
  };
  return {
    folder,
    async run(recipe, inputs, options = {}) {
      const files = typeof inputs === "string" ? { original: inputs } : inputs;
      const workspace = join(folder, `job-${jobs++}`);
      await mkdir(workspace);
      const products = new Map<string, Product>();
      const context: JobContext = {
        signal: options.signal ?? new AbortController().signal,
        workspace,
        log: createLog({ level: "silent", format: "text" }),
        encoders: options.encoders ?? [SOFTWARE],
        source: (name = Object.keys(files)[0] ?? "") => {
          const path = files[name];
          return path === undefined ? Promise.reject(new Error(`no input ${name}`)) : serve(path);
        },
        deliver: (product) => void products.set(product.name, product),
        progress: () => {},
        easing: () => {},
      };
      const result = await processJob(recipe, context);
      if (!isKind(result, recipe)) throw new Error(`a ${recipe.kind} job answered ${result.kind}`);
      const path = (name: string) => {
        const product = products.get(name);
        if (product === undefined) throw new Error(`${name} was not delivered`);
        return product.path;
      };
      return { result, products, path };
    },
    async close() {
      await Promise.all([...served.values()].map((file) => file.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isKind<R extends Recipe>(result: Result, recipe: R): result is Extract<Result, { kind: R["kind"] }> {
  return result.kind === recipe.kind;
}
