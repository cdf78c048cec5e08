/**
 * What a hijacked tool can do: programs with bad intentions stand in for ffmpeg and ffprobe. Where user namespaces
 * are to be had all of it must fail; where not, `check` must say so, and the limits that remain must hold.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism, networkInterfaces } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openStandIn, type StandIn } from "../testing/stand-in.ts";
import { admitToTools, confineAtMost, confinement } from "./confinement.ts";
import { runFfmpeg, runFfprobe } from "./run.ts";

const KEY = "cca_a-key-that-nobody-may-read";
const MARK = "capcloud-hostile-marker";

let tool: StandIn;
let keyFile: string;
let canary: Server;
let port: number;
let knocks = 0;
/** Another process of the same user with a secret in its environment. */
let victim: ChildProcess;
/** Where the system's own files lie. */
let outside: string;

beforeAll(async () => {
  tool = await openStandIn();
  outside = join("/usr", basename(tool.folder));
  keyFile = join(tool.folder, "agent.key");
  await writeFile(keyFile, KEY, { mode: 0o600 });
  canary = createServer((_, response) => void response.end("hello"));
  canary.on("connection", () => void (knocks += 1));
  await new Promise<void>((resolve) => canary.listen(0, "0.0.0.0", resolve));
  ({ port } = canary.address() as AddressInfo);
  victim = spawn("sleep", ["600"], { env: { PATH: process.env.PATH, CAPCLOUD_KEY: KEY }, stdio: "ignore" });
});
beforeEach(() => {
  knocks = 0;
});
afterAll(async () => {
  victim.kill("SIGKILL");
  await rm(outside, { force: true });
  canary.close();
  await tool.close();
});

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [
    "127.0.0.1",
    ...all.flatMap(({ family, internal, address }) => (family === "IPv4" && !internal ? [address] : [])),
  ];
}

/** Tries every address of this machine; bash is told each by a word. */
const knock = () =>
  ownAddresses().map((address) => `(exec 3<>/dev/tcp/${address}/${port}) 2>&1 && echo open`);

async function processesWith(mark: string): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "args=", "-ww"]);
  return stdout.split("\n").filter((line) => line.startsWith(mark)).length;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error("the condition never came true");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const most = await confinement();

/** Asked in another way than the agent does, so that nothing below is left out because it broke. */
const able = await promisify(execFile)("unshare", [
  ...[
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "sh",
    "-c",
    "mount -t tmpfs x /mnt",
  ],
]).then(
  () => true,
  () => false,
);

test("the machine says what it has, and what to do where that is little", () => {
  expect(most.word).toBe(able ? "namespaces" : "limits");
  if (able) expect(most.sentence).toMatch(/^no network, read-only files, limits/);
  else expect(most.sentence).toMatch(/^limits only: .*(?:sysctl|docs\/sandbox\.md|install util-linux)/);
});

describe.skipIf(!able)("in namespaces", () => {
  beforeAll(() => confineAtMost("namespaces"));

  test("nothing can be reached, on no address of this machine", async () => {
    const text = await tool.said(...knock(), "echo done");
    expect(text).toContain("done");
    expect(text).not.toContain("open");
    expect(knocks).toBe(0);
  });

  test("a port that the agent opened for it can be reached, and no other", async () => {
    const source = createServer((_, response) => void response.end("source"));
    await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
    await admitToTools(source);
    const { port: opened } = source.address() as AddressInfo;
    const text = await tool.said(
      `exec 3<>/dev/tcp/127.0.0.1/${opened}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; while read -r line <&3; do echo "$line"; done; echo "$line"`,
      ...knock(),
      "echo done",
    );
    expect(text).toContain("source");
    expect(knocks).toBe(0);
    source.close();
  });

  test("keys, environments and other people's files are not there", async () => {
    const text = await tool.said(
      `echo "$(<${keyFile})" 2>&1`,
      "for file in /proc/*/environ; do tr '\\0' '\\n' < $file; done 2>&1",
      `tr '\\0' '\\n' < /proc/${victim.pid}/environ 2>&1`,
      "ls -a /root /home /etc /tmp /var 2>&1",
      "set; echo done",
    );
    expect(text).toContain("done");
    expect(text).not.toContain(KEY);
    expect(text).not.toContain("passwd");
  });

  test("nothing can be written but the folder of the output", async () => {
    const input = join(tool.folder, "input.bin");
    await writeFile(input, "as it was");
    await tool.disguise(
      `(echo x > ${outside}; echo x > ${keyFile}; echo x > ${input}) 2>&1 | cat >&2`,
      `echo "read $(<${input})" > ${tool.job}/out.mp4`,
      "echo progress=end",
    );
    await runFfmpeg({ ...tool.writing, inputs: [{ options: [], url: input }] });
    expect(await readFile(join(tool.job, "out.mp4"), "utf8")).toBe("read as it was\n");
    expect(await readFile(input, "utf8")).toBe("as it was");
    expect(await readFile(keyFile, "utf8")).toBe(KEY);
    await expect(stat(outside)).rejects.toThrow("ENOENT");
  });

  test("no other process is seen or ended", async () => {
    const text = await tool.said(
      `kill -9 ${victim.pid} ${process.pid} 2>&1; ls /proc | grep -c '^[0-9]'; echo done`,
    );
    expect(text).toContain("done");
    expect(victim.exitCode ?? victim.signalCode).toBeNull();
  });

  test("no powers are left, and none are to be had", async () => {
    const text = await tool.said(
      "grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs' /proc/self/status",
      "unshare --user true 2>&1; mount -t tmpfs x /usr 2>&1; echo done",
    );
    // As root one power stays: to pass the modes of the few files that are shown.
    const powers = process.getuid?.() === 0 ? "0000000000000002" : "0000000000000000";
    expect(text.match(/Cap\w+:\t\w+/g)).toEqual(
      ["Prm", "Eff", "Bnd"].map((name) => `Cap${name}:\t${powers}`),
    );
    expect(text).toContain("NoNewPrivs:\t1");
    expect(text).toMatch(/permission denied|must be superuser|not permitted/i);
  });

  test("processes are counted, and all end with the run", async () => {
    const most = 512 + 256 * availableParallelism();
    const bomb = `$0 = "${MARK}"; while ($n < ${most + 200}) { my $p = fork(); last unless defined $p; if ($p == 0) { sleep 60; exit } $n++ } print "$n\\n"`;
    const made = Number(await tool.said(`exec ${await tool.perl(bomb)}`));
    expect(made).toBeGreaterThan(10);
    expect(made).toBeLessThan(most);
    await until(async () => (await processesWith(MARK)) === 0);
    expect(await tool.said("echo well")).toBe("well\n");
  });

  /** Kills what holds the namespaces open: a child of this process that waits for it to end. */
  async function destroyRoom(): Promise<void> {
    const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid=,args="]);
    const lines = stdout.split("\n").map((line) => line.trim().split(/\s+/));
    const holders = lines.filter(
      ([, parent, ...words]) => parent === String(process.pid) && words.join(" ") === "cat",
    );
    for (const [pid] of holders) process.kill(Number(pid), "SIGKILL");
    expect(holders.length).toBeGreaterThan(0);
    await until(async () => holders.every(([pid]) => !isAlive(Number(pid))));
  }
  const outcome = () =>
    runFfprobe([]).then(
      ({ text }) => text,
      (error: unknown) => String(error),
    );

  test("where the room was destroyed, the next run makes it anew, or nothing is run", async () => {
    await tool.disguise("echo well");
    expect(await outcome()).toBe("well\n");
    await destroyRoom();
    await until(async () => (await outcome()) === "well\n");
    const { PATH } = process.env;
    await destroyRoom();
    process.env.PATH = tool.folder;
    try {
      await until(async () => (await outcome()).includes("can no longer be confined"));
    } finally {
      process.env.PATH = PATH;
    }
    expect(await outcome()).toBe("well\n");
  });
});

describe("with limits alone", () => {
  beforeAll(() => confineAtMost("limits"));
  afterAll(() => confineAtMost("namespaces"));

  test("it is said, and that the traps of these tests work is seen", async () => {
    expect((await confinement()).sentence).toMatch(/^limits only: /);
    await tool.said(...knock());
    expect(knocks).toBe(ownAddresses().length);
  });
});

test("where user namespaces are off, the switch is named", async () => {
  // A system without them is made by one in which they are, and there turned off.
  const script = join(tool.folder, "ask.mjs");
  const module = new URL("confinement.ts", import.meta.url).href;
  await writeFile(
    script,
    `import { confinement } from "${module}"; console.log(JSON.stringify(await confinement()));`,
  );
  const off = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$1"';
  const asked = promisify(execFile)("unshare", [
    "--user",
    "--map-root-user",
    "sh",
    "-c",
    off,
    process.execPath,
    script,
  ]);
  // Where there are none anyway, the first of these tests has seen what is said.
  const stdout = await asked.then(
    (answer) => answer.stdout,
    () => null,
  );
  if (stdout === null) return expect(able).toBe(false);
  expect(JSON.parse(stdout)).toMatchObject({
    word: "limits",
    sentence: "limits only: user namespaces are off here; sysctl user.max_user_namespaces=15000",
  });
});
