/**
 * `capcloud-agent enroll`: gets this machine a key of its own. Shows a code, waits until somebody who runs the edge has
 * confirmed it, keeps key and settings, and says what to do next.
 */
import { resolve } from "node:path";
import { askToEnrol, waitForKey, type Asked } from "../enrolment.ts";
import { demandWritable, exists, keyPathFor, updateSettings, writePrivate } from "../settings/key-place.ts";
import { demandOrdinaryUser } from "../machine/root.ts";
import { ConfigError } from "../settings/settings.ts";
import { listenForSignals } from "../signals.ts";
import { EXIT } from "./exit.ts";
import { gather, type Options } from "./gather.ts";
import { ownCommand } from "./own-command.ts";
import { run } from "./run.ts";

export interface EnrolFlags {
  force?: true;
  run?: true;
}

export async function enroll(flags: Options, { force, run: goOn }: EnrolFlags): Promise<number> {
  const { edge, label, keyFile, settingsFile, folder, allowRoot } = (await gather(flags)).enrol(say);
  if (goOn) demandOrdinaryUser(allowRoot);
  const keyPath = resolve(keyFile ?? keyPathFor(edge, folder));
  if (!force && (await exists(keyPath))) {
    throw new ConfigError(
      `This machine already has a key for ${edge.host}, in ${keyPath}. Start it with \`${ownCommand()} --edge ${edge.origin} --key-file ${keyPath}\`, or enrol anew with --force.`,
    );
  }
  await demandWritable(keyPath);
  const signals = listenForSignals();
  try {
    const platform = `${process.platform}-${process.arch}`;
    const asked = await askToEnrol(edge, { label, platform }, signals.first);
    say(invitation(asked, edge));
    const { key } = await waitForKey(edge, asked, {
      signal: signals.first,
      trouble: (sentence) => say(sentence ?? `${edge.host} is back; still waiting.`),
    });
    await writePrivate(keyPath, `${key}\n`);
  } catch (error) {
    if (!signals.first.aborted) throw error;
    say("Not enrolled: the code is void once its time is over.");
    return EXIT.failed;
  } finally {
    signals.close();
  }
  const named = flags.label === undefined ? {} : { label };
  const before = await updateSettings(settingsFile, { edge: edge.href, keyFile: keyPath, ...named });
  say(farewell({ label, host: edge.host, keyPath, settingsFile, before }));
  return goOn ? run({ ...flags, edge: edge.href, keyFile: keyPath }) : 0;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function invitation({ code, url }: Asked, edge: URL): string {
  const line = "─".repeat(code.length + 6);
  return [
    "",
    `    ┌${line}┐`,
    `    │   ${code}   │`,
    `    └${line}┘`,
    "",
    `Open this address and confirm the code, or send both to whoever runs ${edge.host}:`,
    "",
    `    ${url}`,
    "",
    "Waiting; the code is good for ten minutes. Ctrl-C gives up.",
  ].join("\n");
}

interface Outcome {
  label: string;
  host: string;
  keyPath: string;
  settingsFile: string;
  before: string | null;
}

function farewell({ label, host, keyPath, settingsFile, before }: Outcome): string {
  const command = ownCommand();
  return [
    "",
    `Done: this machine is "${label}" at ${host}.`,
    "",
    `    key       ${keyPath} (yours alone; nobody can be shown it again)`,
    `    settings  ${settingsFile}`,
    ...(before === null ? [] : [`              (they named ${before} before)`]),
    "",
    "What next:",
    "",
    `    ${command}            works until Ctrl-C`,
    `    ${command} check      what can this machine do?`,
    `    ${command} service    keeps it at work after a restart`,
    "",
  ].join("\n");
}
