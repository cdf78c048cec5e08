/**
 * The agent's own corner of the disk: a folder for each job, one for inputs, swept at start and end so that
 * even a killed agent leaves nothing for longer than until its next start. One agent per workspace: a lock
 * names the process that has it. Removes nothing but what it made itself.
 */
import { lstat, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { uptime } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";

/** Only this folder inside the workspace is ever emptied: people name all sorts of folders. */
const SCRATCH = "capcloud-scratch";
const LOCK = "capcloud-agent.lock";

const Holder = z.object({
  pid: z.number().int().positive(),
  /** Empty where the system does not tell. */
  started: z.string(),
  /** When the machine was started; milliseconds since 1970. */
  booted: z.number().default(0),
});
type Holder = z.infer<typeof Holder>;

/** The workspace cannot be used; the sentence says why and what to do. */
export class WorkspaceError extends Error {}

export class Workspace {
  readonly root: string;
  /** Inputs live here. */
  readonly inputs: string;
  readonly #jobs: string;
  readonly #lock: string;

  private constructor(root: string) {
    this.root = root;
    this.inputs = join(root, SCRATCH, "inputs");
    this.#jobs = join(root, SCRATCH, "jobs");
    this.#lock = join(root, LOCK);
  }

  /** Takes the workspace for this process and empties it. A relative path is one of where the agent was started. */
  static async open(path: string): Promise<Workspace> {
    // Tools run somewhere else: every path that they are told is whole.
    const root = resolve(path);
    await mkdir(root, { recursive: true, mode: 0o700 });
    await demandOwn(root);
    const workspace = new Workspace(root);
    await workspace.#take();
    await workspace.#sweep();
    await openFolder(workspace.inputs);
    await openFolder(workspace.#jobs);
    return workspace;
  }

  /** An empty folder for one job. */
  async openJob(): Promise<string> {
    await openFolder(this.#jobs);
    return mkdtemp(join(this.#jobs, "job-"));
  }

  async closeJob(folder: string): Promise<void> {
    // A killed tool may still be writing its last bytes on some systems.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async close(): Promise<void> {
    await this.#sweep();
    await rm(this.#lock, { force: true });
  }

  async #sweep(): Promise<void> {
    await rm(join(this.root, SCRATCH), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async #take(): Promise<void> {
    const holder: Holder = { pid: process.pid, started: await startOf(process.pid), booted: bootedAt() };
    const mine = JSON.stringify(holder);
    for (let tries = 0; tries < 3; tries++) {
      try {
        await writeFile(this.#lock, mine, { flag: "wx", mode: 0o600 });
        return;
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      const other = await readHolder(this.#lock);
      if (other && (await isAlive(other))) throw taken(this.root, other);
      await rm(this.#lock, { force: true });
    }
    throw new WorkspaceError(
      `Other agents are starting in ${this.root}: give this one its own with --workspace.`,
    );
  }
}

/** Made anew where somebody has cleared it away, as systems do with what lies in a temp folder for days. */
export async function openFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

function taken(root: string, { pid }: Holder): WorkspaceError {
  return new WorkspaceError(
    `Another agent (process ${pid}) works in ${root}: stop it, or give this one its own folder with --workspace.`,
  );
}

/** A folder in a shared temp root could have been put there by somebody else, to read our files. */
async function demandOwn(root: string): Promise<void> {
  const found = await lstat(root);
  if (!found.isDirectory())
    throw new WorkspaceError(`${root} is not a folder: give another with --workspace.`);
  if (process.getuid && found.uid !== process.getuid()) {
    throw new WorkspaceError(`${root} belongs to another user: give a folder of your own with --workspace.`);
  }
}

async function readHolder(lock: string): Promise<Holder | null> {
  const text = await readFile(lock, "utf8").catch(() => "");
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A pid alone may since belong to another process (after a restart of the machine or container). */
async function isAlive({ pid, started, booted }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  if (started === "") return Math.abs(bootedAt() - booted) < SAME_BOOT_MS;
  return (await startOf(pid)) === started;
}

/** Clocks are set right now and then. */
const SAME_BOOT_MS = 60_000;

function bootedAt(): number {
  return Math.round(Date.now() - 1_000 * uptime());
}

/** When a process started, in the kernel's own ticks; "" where the system does not say so in /proc. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // Field 22; the second field, the name, may hold spaces and ends with the last parenthesis.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
