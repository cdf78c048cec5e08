/** Agents as processes of their own, with a coordinator and a storage on loopback and one folder for all they keep. */
import type { SpawnOptions } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LeaseRef } from "../protocol.ts";
import { type CliProcess, startCli } from "./cli-process.ts";
import { RehearsalCoordinator } from "../rehearsal/coordinator.ts";
import { Storage } from "../rehearsal/storage.ts";
import { until } from "../rehearsal/until.ts";

/** What of the key no output may hold. */
export const KEY_SECRET = "0123456789abcdef";
const KEY = `cca_test_${KEY_SECRET}`;

export class CliBench {
  readonly coordinator: RehearsalCoordinator;
  readonly storage: Storage;
  readonly folder: string;
  readonly #agents: CliProcess[] = [];

  private constructor(coordinator: RehearsalCoordinator, storage: Storage, folder: string) {
    this.coordinator = coordinator;
    this.storage = storage;
    this.folder = folder;
  }

  static async open(): Promise<CliBench> {
    const [coordinator, storage] = await Promise.all([RehearsalCoordinator.start(), Storage.start()]);
    coordinator.sign = (name) => storage.url(`/${name}`);
    return new CliBench(coordinator, storage, await mkdtemp(join(tmpdir(), "cli-")));
  }

  /** The workspace of agents that work here. */
  get workspace(): string {
    return join(this.folder, "work");
  }

  start(
    args: readonly string[],
    environment: Record<string, string> = {},
    options: SpawnOptions = {},
  ): CliProcess {
    const own = {
      HOME: this.folder,
      XDG_CACHE_HOME: join(tmpdir(), "capcloud-test-cache"),
      // Tests run as whoever runs them.
      CAPCLOUD_ALLOW_ROOT: "1",
    };
    const agent = startCli(args, { ...own, ...environment }, options);
    this.#agents.push(agent);
    return agent;
  }

  /** An agent of this coordinator. */
  startWorking(environment: Record<string, string> = {}, options: SpawnOptions = {}): CliProcess {
    const args = ["--edge", this.coordinator.edge, "--workspace", this.workspace];
    return this.start(
      [...args, "--reconnect-seconds", "0.05"],
      { CAPCLOUD_KEY: KEY, ...environment },
      options,
    );
  }

  /** Grants a job whose source never comes: its tool waits until it is ended. */
  grantEndless(): LeaseRef {
    this.storage.fault = ({ path }) => path === "/never";
    return this.coordinator.grant("main.1", {
      slot: "io",
      recipe: { kind: "inspect", media: "video" },
      inputs: [{ name: "original", size: 100_000_000, url: this.storage.url("/never") }],
    });
  }

  /** The address that the tool of such a job reads, once it runs: words of its command line that no other has. */
  async addressRead(): Promise<string> {
    const line = await until("a tool that reads the input", async () =>
      (await processesWith("ffprobe")).find((one) => one.includes("http://127.0.0.1")),
    );
    return /http:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(line)?.[0] ?? "";
  }

  async jobFolders(): Promise<string[]> {
    return readdir(join(this.workspace, "capcloud-scratch", "jobs")).catch(() => []);
  }

  async close(): Promise<void> {
    for (const { process } of this.#agents) process.kill("SIGKILL");
    await Promise.all(this.#agents.map(({ code }) => code()));
    await Promise.all([this.coordinator.stop(), this.storage.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Processes of this machine that have `text` in their command line. */
export async function processesWith(text: string): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(text));
}
