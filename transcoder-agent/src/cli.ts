#!/usr/bin/env node
/**
 * capcloud-agent: lends this machine to a CapCloud Edge. It connects outwards only, takes jobs (pictures, video,
 * sound), makes renditions with ffmpeg and sharp, and sends them back by signed address.
 *
 *   CAPCLOUD_KEY=cca_… capcloud-agent --edge https://files.example.com
 *   capcloud-agent check
 */
import { tmpdir } from "node:os";
import { setFlagsFromString } from "node:v8";
import { Command, Option } from "commander";
import type { AgentEnd } from "./agent.ts";
import { surveyMachine } from "./capabilities.ts";
import { checkUp, formatCheckup } from "./check.ts";
import { Settings } from "./config.ts";
import { ConfigError, type Flags } from "./settings.ts";
import { createLog } from "./log.ts";
import { VERSION } from "./version.ts";
import { WorkspaceError } from "./workspace.ts";

/** Exit codes, as the help tells them. */
const EXIT = { drained: 0, failed: 1, usage: 2, refused: 3, incapable: 4 } as const satisfies Record<
  AgentEnd | "failed" | "usage",
  number
>;

/** Milliseconds between the end of an agent and that of its process. */
const EXIT_MS = 2_000;

const HELP = `
A key is best given in the environment or in a file: --key can be seen in ps.

Each flag has its variable: CAPCLOUD_EDGE, CAPCLOUD_KEY, CAPCLOUD_KEY_FILE, CAPCLOUD_WORKSPACE, CAPCLOUD_LABEL,
CAPCLOUD_SLOTS, CAPCLOUD_DRAIN_SECONDS, CAPCLOUD_RECONNECT_SECONDS, LOG_LEVEL, LOG_FORMAT. A flag goes before its
variable, a variable before the settings file (CAPCLOUD_CONFIG, else ~/.config/capcloud-agent.json: one JSON object
with edge, keyFile, …), and the file before the defaults.

Ctrl-C (SIGINT, SIGTERM) takes no more jobs, finishes what ends in time and gives the rest back uncharged; a second
one gives everything back at once.

Exit codes: 0 ended in good order · 1 failed · 2 wrong settings · 3 the edge refuses this agent (key unknown,
revoked, or used twice) · 4 this machine can do no job (see: capcloud-agent check)`;

interface Options extends Flags {
  config?: string;
}

const program = new Command("capcloud-agent")
  .description("Lends this machine to a CapCloud Edge: takes jobs, makes renditions with ffmpeg and sharp.")
  .version(VERSION)
  .addHelpText("after", HELP)
  .option("--edge <url>", "the edge to work for")
  .option("--key <key>", "this agent's key (prefer CAPCLOUD_KEY or --key-file)")
  .option("--key-file <path>", "a file that holds the key")
  .option("--workspace <folder>", "where work in progress lies (default: in the system's temp folder)")
  .option("--label <name>", "how the edge's pages call this machine (default: its host name)")
  .option(
    "--slots <list>",
    'jobs at a time, such as "cpu=2,io=4,gpu=1" (default: by cores and proven encoders)',
  )
  .option("--drain-seconds <n>", "how long jobs may finish after Ctrl-C (default: 30)")
  .addOption(
    new Option("--reconnect-seconds <n>", "first try after a lost link falls within these").hideHelp(),
  )
  .option("--config <path>", "a settings file")
  .option("--log-level <level>", "debug, info, warn, error or silent (default: info)")
  .option("--log-format <format>", "text or json (default: text on a terminal, json otherwise)")
  .action((flags: Options) => answer(() => run(flags)));

program
  .command("check")
  .description("prints what this machine can do: tools, encoders that passed a trial, kinds of jobs, slots")
  .option("--json", "one JSON object")
  .action((own: { json?: true }) => answer(() => check(program.opts<Options>(), own.json === true)));

await program.exitOverride().parseAsync().catch(usageError);

async function run(flags: Options): Promise<number> {
  // Gigabytes pass through small buffers. With a young generation that does not grow they are collected soon,
  // instead of counting as memory in use (measured at 2 GB: 145 MB resident, else over 200, and no slower).
  setFlagsFromString("--semi-space-growth-factor=1");
  const settings = await gather(flags);
  const log = createLog(settings.base().log);
  const config = await settings.agent((sentence) => log.warn(sentence));
  if (process.getuid?.() === 0 && process.env["CAPCLOUD_ALLOW_ROOT"] !== "1") {
    log.warn(
      "Running as root: ffmpeg reads other people's files here, so give this agent a user of its own.",
    );
  }
  // What this process starts has no business with the key.
  delete process.env["CAPCLOUD_KEY"];
  // Image and video code is not needed to say that a flag is wrong.
  const { runAgent } = await import("./agent.ts");
  const end = await runAgent(config, log);
  if (end === "incapable") log.error("This machine can do no job yet: run `capcloud-agent check`.");
  // All is given back by now; whatever still holds the process is not waited for.
  setTimeout(() => process.exit(), EXIT_MS).unref();
  return EXIT[end];
}

async function check(flags: Options, json: boolean): Promise<number> {
  const config = (await gather(flags)).base();
  const machine = await surveyMachine({ ...config, log: createLog(config.log) });
  const checkup = await checkUp(machine, config.workspace ?? tmpdir(), VERSION);
  process.stdout.write(`${json ? JSON.stringify(checkup) : formatCheckup(checkup)}\n`);
  return checkup.ok ? 0 : checkup.kinds.length > 0 ? EXIT.failed : EXIT.incapable;
}

function gather({ config, ...flags }: Options): Promise<Settings> {
  return Settings.gather(flags, { environment: process.env, terminal: process.stderr.isTTY }, config);
}

/** Runs a command to its exit code; what it could not do is one sentence, not a stack. */
async function answer(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof WorkspaceError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT.usage;
  }
}

/** commander has said what is wrong by now; help and version are no errors. */
function usageError(error: unknown): void {
  const code =
    typeof error === "object" && error !== null && "exitCode" in error ? error.exitCode : undefined;
  if (code === undefined) throw error;
  process.exitCode = code === 0 ? 0 : EXIT.usage;
}
