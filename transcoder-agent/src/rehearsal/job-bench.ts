/** Runs single jobs for tests: all of an agent but its runner, against a coordinator and a storage on loopback. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../connection.ts";
import { DiskRoom } from "../disk-room.ts";
import { SOFTWARE } from "../ffmpeg/h264.ts";
import { Gate } from "../sending/gate.ts";
import { runJob, type Attempt } from "../job.ts";
import { PATIENCE } from "../link/patience.ts";
import type { JobContext, Product } from "../processors/processor.ts";
import type { Grant, ImageResult, LeaseRef } from "../protocol.ts";
import { Inputs } from "../source/inputs.ts";
import { SourceServer } from "../source/server.ts";
import { Transfer } from "../transfer.ts";
import { Workspace } from "../workspace.ts";
import { RehearsalCoordinator } from "./coordinator.ts";
import { introduction } from "./introduction.ts";
import { silentLog } from "./log.ts";
import { patternBytes, Storage } from "./storage.ts";

/** Bytes of the input. */
export const INPUT_BYTES = 1_024 * 1_024;

export const RESULT: ImageResult = {
  kind: "image",
  width: 1,
  height: 1,
  thumbnail: { object: "thumbnail.webp", width: 1, height: 1 },
  preview: { object: "preview.webp", width: 1, height: 1 },
  mp4: null,
  hashes: { blurhash: "L", thumbhash: "t" },
};

export interface Variation extends Partial<Omit<Attempt, "grant">> {
  grant?: Partial<Grant>;
  result?: ImageResult;
}

export class JobBench {
  readonly root: string;
  readonly coordinator: RehearsalCoordinator;
  readonly storage: Storage;
  readonly #connection: Connection;
  readonly #server: SourceServer;
  readonly #transfer: Transfer;
  readonly #inputs: Inputs;
  readonly #workspace: Workspace;

  private constructor(parts: {
    root: string;
    coordinator: RehearsalCoordinator;
    storage: Storage;
    server: SourceServer;
    workspace: Workspace;
  }) {
    this.root = parts.root;
    this.coordinator = parts.coordinator;
    this.storage = parts.storage;
    this.#server = parts.server;
    this.#workspace = parts.workspace;
    this.#transfer = new Transfer({
      patience: { ...PATIENCE, firstMs: 1, slowestMs: 5, unreachableMs: 500 },
    });
    this.#inputs = new Inputs({
      folder: parts.workspace.inputs,
      server: parts.server,
      transfer: this.#transfer,
      gate: new Gate(4),
    });
    this.#connection = new Connection({
      url: parts.coordinator.url,
      key: "key",
      introduction: introduction({ gpu: 0, cpu: 1, io: 1 }),
      log: silentLog,
      reconnect: { firstMs: 2, slowestMs: 10 },
    });
  }

  static async start(): Promise<JobBench> {
    const root = await mkdtemp(join(tmpdir(), "job-"));
    const [coordinator, storage] = await Promise.all([RehearsalCoordinator.start(), Storage.start()]);
    coordinator.sign = (name) => storage.url(`/${name}`);
    storage.make("/o", INPUT_BYTES, patternBytes);
    const server = await SourceServer.start(silentLog);
    const bench = new JobBench({ root, coordinator, storage, server, workspace: await Workspace.open(root) });
    const ignore = () => undefined;
    bench.#connection.start({
      held: () => [],
      welcomed: ignore,
      granted: ignore,
      cancelled: ignore,
      renewed: ignore,
      drained: ignore,
      resumed: ignore,
      cutOff: ignore,
      stopped: ignore,
    });
    return bench;
  }

  /** Runs one job whose renditions are made by `process`; answers the folders that it left behind. */
  async run(process: (context: JobContext) => Promise<void>, variation: Variation = {}): Promise<string[]> {
    const { grant: unlike, result = RESULT, ...more } = variation;
    const lease: LeaseRef = { job: "main.1", epoch: 1, secret: "s" };
    const attempt: Attempt = {
      grant: { ...this.#grant(lease), ...unlike },
      signal: new AbortController().signal,
      lease: () => lease,
      progress: () => undefined,
      processed: () => undefined,
      stopping: () => false,
      ...more,
    };
    await runJob(attempt, {
      ask: (question) => this.#connection.ask(question),
      transfer: this.#transfer,
      inputs: this.#inputs,
      disk: new DiskRoom(this.root, this.#inputs),
      workspace: this.#workspace,
      sending: new Gate(4),
      encoders: [SOFTWARE],
      overlaps: true,
      process: async (_recipe, context) => {
        await process(context);
        return result;
      },
      log: silentLog,
    });
    return readdir(join(this.root, "capcloud-scratch", "jobs"));
  }

  async stop(): Promise<void> {
    await this.#connection.stop();
    await this.#inputs.close();
    await this.#server.close();
    await this.#transfer.close();
    await Promise.all([this.coordinator.stop(), this.storage.stop()]);
    await this.#workspace.close();
    await rm(this.root, { recursive: true, force: true });
  }

  #grant(lease: LeaseRef): Grant {
    return {
      type: "grant",
      seq: 1,
      lease,
      leaseMs: 90_000,
      deadlineMs: 600_000,
      slot: "cpu",
      recipe: { kind: "image", animated: false },
      inputs: [{ name: "original", size: INPUT_BYTES, url: this.storage.url("/o") }],
    };
  }
}

export async function product(context: JobContext, name: string, bytes: Buffer): Promise<Product> {
  const path = join(context.workspace, name);
  await writeFile(path, bytes);
  return { name, type: "image/webp", path };
}
