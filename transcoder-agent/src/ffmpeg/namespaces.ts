/**
 * The room in which tools run where Linux lets a plain user make one: a user and a network namespace of their
 * own, held open by one small process for as long as the agent lives. Each run enters it, gets a process and a
 * mount namespace besides, and a root folder with nothing in it but what the run needs. Inside there is no
 * network but a loopback, and on that only the ports that the agent opened. Used by `confinement.ts`; starts
 * no tool itself.
 */
// oxlint-disable-next-line no-restricted-imports -- prepares what run.ts starts tools in
import { spawn, type ChildProcess } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { Server as Listener, type Socket } from "node:net";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bareEnvironment } from "./guard.ts";
import { filesOf, mountsOf, stageOf, type System, type View } from "./view.ts";

/** The exit code of a run whose root could not be put together. */
export const NOT_CONFINED = 125;
/** For each step of making the room; all take milliseconds. */
const STEP_MS = 10_000;
/** Whom tools of a root agent run as: nobody. */
const NOBODY = "65534";
/** Of root's powers one stays: to pass the modes of the files it is shown, which may be root's own. */
const ONE_POWER = "-all,+dac_override";

/** Raises the loopback with whatever there is: iproute2, net-tools or Perl, which is in every Debian. */
const RAISE_LOOPBACK = `PATH=$PATH:/usr/sbin:/sbin
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || perl -e '
socket(S, 2, 2, 0); exit(ioctl(S, 0x8914, pack("a16sx22", "lo", 0x49)) ? 0 : 1)'`;

/**
 * $0: where the root stands; then its mounts, folders to make by lines, files to mount on, "--", and what to run. mount reads its
 * list from a regular file only. Each program here costs each run about a millisecond.
 */
const PUT_TOGETHER = `PATH=$PATH:/usr/sbin:/sbin
fail() { exit ${NOT_CONFINED}; }
mount -t tmpfs -o mode=755,size=256k capcloud "$0" && printf '%s\n' "$1" > "$0/.view" || fail
folders=$2; shift 2
[ -z "$folders" ] || (IFS='
'; set -f; mkdir -p $folders) || fail
while [ "$1" != -- ]; do : > "$0$1" || fail; shift; done
shift
mount -a -T "$0/.view" || fail
exec chroot "$0" "$@"`;

export class Namespaces {
  readonly system: System;
  /** Resolves when the room is no more: its holder was killed. */
  readonly gone: Promise<void>;
  readonly #holder: ChildProcess;
  readonly #doors = new Map<number, Promise<Listener>>();

  private constructor(holder: ChildProcess, system: System) {
    this.#holder = holder;
    this.system = system;
    this.gone = new Promise((resolve) => holder.once("exit", () => resolve()));
  }

  /** Throws with what the system said where it does not let us. */
  static async open(system: System): Promise<Namespaces> {
    const hold = ["--pdeathsig", "KILL", "--", "unshare", "--user", "--net", "--", "sh", "-c"];
    const holder = spawn("setpriv", [...hold, "echo ready && exec cat"], {
      env: bareEnvironment(process.env),
      stdio: ["pipe", "pipe", "pipe"],
      // A session of its own: a terminal's Ctrl-C is the agent's affair.
      detached: true,
    });
    holder.stdin.on("error", () => {});
    try {
      await readiness(holder);
      await mapUsers(holder.pid ?? 0);
      const room = new Namespaces(holder, system);
      await step([...room.enter(), "sh", "-c", RAISE_LOOPBACK]);
      room.#letGo();
      return room;
    } catch (error) {
      holder.kill("SIGKILL");
      throw error;
    }
  }

  /** What stands before a program that is to run in this network, seeing all files. */
  enter(): [command: string, ...words: string[]] {
    const target = String(this.#holder.pid);
    return ["nsenter", "--user", "--net", "--preserve-credentials", "--target", target, "--"];
  }

  /** What stands before a tool so that it sees this and no more. */
  confine(view: View): string[] {
    const stage = stageOf(this.system, view);
    if (stage === null) throw new Error("The workspace takes every place in which a root could be made.");
    const files = filesOf(this.system, view);
    const folders = [...new Set(files.map((file) => stage + dirname(file)))];
    const root = process.getuid?.() === 0;
    const become = root ? ["--clear-groups", "--reuid", NOBODY, "--regid", NOBODY] : [];
    const powers = root
      ? ["--inh-caps", ONE_POWER, "--ambient-caps", ONE_POWER, "--bounding-set", ONE_POWER]
      : ["--inh-caps", "-all", "--bounding-set", "-all"];
    return [
      ...this.enter(),
      ...["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", PUT_TOGETHER],
      ...[stage, mountsOf(this.system, view, stage), folders.join("\n"), ...files, "--"],
      // A change of user would undo what `--kill-child` arranged.
      ...["setpriv", "--no-new-privs", "--pdeathsig", "KILL", ...become, ...powers, "--"],
    ];
  }

  /** Lets tools reach this server at the port it has outside. */
  async admit(server: Server, port: number): Promise<void> {
    const door = this.#doors.get(port) ?? this.#openDoor(port, server);
    this.#doors.set(port, door);
    await door;
  }

  async dismiss(port: number): Promise<void> {
    const door = this.#doors.get(port);
    this.#doors.delete(port);
    (await door)?.close();
  }

  async #openDoor(port: number, server: Server): Promise<Listener> {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const program = fileURLToPath(new URL(`listener.${extension}`, import.meta.url));
    const [command, ...words] = this.enter();
    const child = spawn(command, [...words, process.execPath, program, String(port)], {
      env: bareEnvironment(process.env),
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const door = await new Promise<Listener>((resolve, reject) => {
      let handed: unknown;
      child.once("message", (_, handle) => {
        handed = handle;
        child.disconnect();
      });
      // Not before: until it has ended, connections might come to it.
      child.once("exit", () =>
        handed instanceof Listener ? resolve(handed) : reject(new Error("no port could be opened for tools")),
      );
      child.once("error", reject);
    });
    door.on("connection", (socket: Socket) => server.emit("connection", socket.setNoDelay(true)));
    return door.unref();
  }

  close(): void {
    this.#holder.kill("SIGKILL");
  }

  /** The holder ends with the agent and never keeps it. */
  #letGo(): void {
    const { stdin, stdout, stderr } = this.#holder;
    stdout?.destroy();
    stderr?.destroy();
    if (stdin !== null && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
    this.#holder.unref();
  }
}

/** Waits until the namespaces are there. */
async function readiness(holder: ChildProcess): Promise<void> {
  let said = "";
  holder.stderr?.on("data", (piece: Buffer) => (said += piece.toString()));
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("unshare does not answer")), STEP_MS);
    const settle = (act: () => void) => () => {
      clearTimeout(late);
      act();
    };
    holder.stdout?.once("data", settle(resolve));
    holder.once(
      "error",
      settle(() => reject(new Error("setpriv or unshare is missing"))),
    );
    holder.once(
      "close",
      settle(() => reject(new Error(said.trim() || "unshare failed"))),
    );
  });
}

/** A plain user becomes root of nothing but the room; for root all users stay, so that it can leave itself. */
async function mapUsers(pid: number): Promise<void> {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid === 0) {
    for (const kind of ["uid_map", "gid_map"]) {
      const ranges = (await readFile(`/proc/self/${kind}`, "utf8")).trim().split("\n");
      const same = ranges
        .map((range) => range.trim().split(/\s+/))
        .map(([id, , size]) => `${id} ${id} ${size}`);
      await writeFile(`/proc/${pid}/${kind}`, `${same.join("\n")}\n`);
    }
    return;
  }
  await writeFile(`/proc/${pid}/setgroups`, "deny");
  await writeFile(`/proc/${pid}/uid_map`, `0 ${uid} 1`);
  await writeFile(`/proc/${pid}/gid_map`, `0 ${gid} 1`);
}

/** Runs one of the system's programs to its end; throws what it complained of. */
export async function step([command = "", ...words]: readonly string[]): Promise<void> {
  const child = spawn(command, words, {
    env: bareEnvironment(process.env),
    stdio: ["ignore", "ignore", "pipe"],
    timeout: STEP_MS,
    killSignal: "SIGKILL",
  });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => (said += piece.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", () => reject(new Error(`${command} is missing`)));
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(said.trim().split("\n").at(-1) || `${command} failed (${code})`);
}
