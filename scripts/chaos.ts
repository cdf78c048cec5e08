/**
 * `npm run chaos`: the fleet under everything that can go wrong, seed by seed, in a simulation of the real
 * coordinator and the real agent's connection in virtual time. A seed that breaks a promise is shrunk and printed with
 * the command that replays it; exits 1 then. With `--real` the same is done to real processes.
 */
import { parseArgs } from "node:util";
import { commandReal } from "./chaos/real-command.ts";
import { proveGuards } from "./chaos/seeds/guards.ts";
import { runSeeds } from "./chaos/seeds/run.ts";

const HELP = `npm run chaos -- [options]

Simulates agents that die, sleep and come back, links that break, a storage and a catalogue that fail, and an object
that is ended in the midst of things, and holds every step against the promises of docs/races.md.

  --seeds N       how many seeds (200); with --guards, how many at most for each (2,000)
  --first SEED    the first of them (1)
  --only 2,301    leaves only these happenings in, as a failure's last line names them
  --verbose       prints every event
  --json          ends with one line of JSON; everything else goes to standard error
  --guards [word] takes one guard after the other out of a copy of the code, and shows which seed finds it;
                  with a word, only those whose name has it
  --real          real processes instead: an edge, agents with ffmpeg, faulty lines (--first chooses the plan)
    --minutes N   of faults (10)
    --agents N    (3)
    --packed      agents from the packed npm package
  --help          this

A seed always takes the same course. 2,000 seeds take some minutes on two cores.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string" },
    first: { type: "string", default: "1" },
    only: { type: "string" },
    verbose: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    guards: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
    minutes: { type: "string", default: "10" },
    agents: { type: "string", default: "3" },
    packed: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
/** With --json standard output holds only that line. */
const say = (text: string) => void (values.json ? process.stderr : process.stdout).write(`${text}\n`);
process.exit((await run()) ? 0 : 1);

function run(): Promise<boolean> {
  const first = count("first", values.first);
  // What is noticed only when a machine drains with work in hand takes a thousand and more.
  const seeds = count("seeds", values.seeds ?? (values.guards ? "2000" : "200"));
  if (values.guards) return proveGuards({ seeds, named: positionals.join(" "), say });
  if (values.real) {
    const [minutes, agents] = [count("minutes", values.minutes), count("agents", values.agents)];
    return commandReal({ seed: first, minutes, agents, packed: values.packed });
  }
  const only = values.only === undefined ? null : values.only.split(",").map((id) => count("only", id));
  return runSeeds({ first, seeds, only, verbose: values.verbose, json: values.json, say });
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} takes whole numbers, not "${text}". See npm run chaos -- --help\n`);
  process.exit(1);
}
