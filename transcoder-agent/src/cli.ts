#!/usr/bin/env node
/**
 * capcloud-agent: lends this machine to a CapCloud Edge. It connects outwards only, takes jobs (pictures, video,
 * sound), makes renditions with ffmpeg and sharp, and sends them back by signed address.
 *
 *   npx capcloud-agent enroll --edge https://files.example.com --run
 *   capcloud-agent --hours "22:00-07:00" --pause-when-gpu-busy
 *   capcloud-agent check
 *   capcloud-agent service --systemd
 */
import { Command, Option } from "commander";
import { check } from "./cli/check.ts";
import { enroll, type EnrolFlags } from "./cli/enroll.ts";
import { answer, redactLastWords, usageError } from "./cli/exit.ts";
import type { Options } from "./cli/gather.ts";
import { run } from "./cli/run.ts";
import { service, type ServiceFlags } from "./cli/service.ts";
import { startLean } from "./machine/lean-start.ts";
import { VERSION } from "./version.ts";

const HELP = `
To begin: capcloud-agent enroll --edge https://files.example.com
It shows a code; once somebody who runs that edge has confirmed it, capcloud-agent alone starts working.

A key is best given in a file or in the environment: --key can be seen in ps.

Each flag has its variable: CAPCLOUD_EDGE, CAPCLOUD_KEY, CAPCLOUD_KEY_FILE, CAPCLOUD_WORKSPACE, CAPCLOUD_LABEL,
CAPCLOUD_SLOTS, CAPCLOUD_HOURS, CAPCLOUD_PAUSE_WHEN_GPU_BUSY, CAPCLOUD_PAUSE_ON_BATTERY,
CAPCLOUD_REST_GRACE_SECONDS, CAPCLOUD_EXIT_WHEN_IDLE, CAPCLOUD_HEALTH, CAPCLOUD_DRAIN_SECONDS,
CAPCLOUD_RECONNECT_SECONDS, CAPCLOUD_ALLOW_ROOT, LOG_LEVEL, LOG_FORMAT. A flag goes before its variable, a
variable before the settings file (CAPCLOUD_CONFIG, else ~/.config/capcloud-agent.json: one JSON object with edge,
keyFile, …), and the file before the defaults.

Ctrl-C (SIGINT, SIGTERM) takes no more jobs, finishes what ends in time and gives the rest back uncharged; a second
one gives everything back at once. When a rest begins (--hours and the like), the same happens with the grace of
--rest-grace-seconds, and the agent stays.

Exit codes: 0 ended in good order · 1 failed · 2 wrong settings · 3 the edge refuses this agent (key unknown,
revoked, or used twice; enrolment declined) · 4 this machine can do no job (see: capcloud-agent check) · 5 too old
for the edge (npx capcloud-agent@latest)`;

redactLastWords();

const program = new Command("capcloud-agent")
  .description("Lends this machine to a CapCloud Edge: takes jobs, makes renditions with ffmpeg and sharp.")
  .version(VERSION)
  .addHelpText("after", HELP)
  .option("--edge <url>", "the edge to work for")
  .option("--key <key>", "this agent's key (prefer --key-file or CAPCLOUD_KEY)")
  .option("--key-file <path>", "a file that holds the key")
  .option("--workspace <folder>", "where work in progress lies (default: in the system's temp folder)")
  .option("--label <name>", "how the edge's pages call this machine (default: its host name)")
  .option(
    "--slots <list>",
    'jobs at a time, such as "cpu=2,io=4,gpu=1" (default: by cores, memory and proven encoders)',
  )
  .option(
    "--hours <list>",
    'works only then, such as "22:00-07:00" or "mon-fri 19:00-08:00, sat-sun 00:00-24:00"',
  )
  .option("--pause-when-gpu-busy", "takes nothing while something else uses the GPU")
  .option("--pause-on-battery", "takes nothing while there is no power from outside")
  .option("--rest-grace-seconds <n>", "how long running jobs may go on when a rest begins (default: 120)")
  .option("--exit-when-idle [seconds]", "ends after so long without a job (default: 300 where it is given)")
  .option("--health-port <port>", "tells its health at http://127.0.0.1:<port>/healthz and /metrics")
  .option("--drain-seconds <n>", "how long jobs may finish after Ctrl-C (default: 30)")
  .addOption(
    new Option("--reconnect-seconds <n>", "first try after a lost link falls within these").hideHelp(),
  )
  .option("--allow-root", "runs as root, which is refused otherwise")
  .option("--config <path>", "a settings file")
  .option("--log-level <level>", "debug, info, warn, error or silent (default: info)")
  .option("--log-format <format>", "text or json (default: text on a terminal, json otherwise)")
  .action((flags: Options) => {
    startLean();
    return answer(() => run(flags));
  });

program
  .command("enroll")
  .alias("enrol")
  .description("gets this machine a key: shows a code, waits until the edge's operator has confirmed it")
  .usage("--edge <url> [--label <name>] [--key-file <path>] [--run] [--force]")
  .option("--run", "goes on to work as soon as it is confirmed")
  .option("--force", "asks for a new key although this machine has one")
  .addHelpText(
    "after",
    `
  --edge <url>       the edge to enrol at
  --label <name>     how its pages are to call this machine (default: its host name)
  --key-file <path>  where the key is kept (default: ~/.config/capcloud-agent/<edge>.key)

Exit codes: 0 enrolled · 1 the code expired, or the edge cannot be reached · 2 wrong settings, or there is a key
already · 3 declined`,
  )
  .action((own: EnrolFlags) => {
    if (own.run) startLean();
    return answer(() => enroll(program.opts<Options>(), own));
  });

program
  .command("check")
  .description("prints what this machine can do: tools, encoders that passed a trial, kinds of jobs, slots")
  .option("--json", "one JSON object")
  .action((own: { json?: true }) => answer(() => check(program.opts<Options>(), own)));

program
  .command("service")
  .description(
    "prints a systemd unit (or a Dockerfile) that keeps this agent at work, with your settings in it",
  )
  .usage("[--systemd | --docker] [--user] [--output <path>] [settings such as --hours]")
  .option("--systemd", "a systemd unit, which is the default")
  .option("--docker", "a Dockerfile and a compose.yaml")
  .option("--user", "a unit for your own systemd, without root")
  .option("--output <path>", "a file (for --docker a folder) instead of the terminal", "-")
  .action((own: ServiceFlags) => answer(() => service(program.opts<Options>(), own)));

await program.exitOverride().parseAsync().catch(usageError);
