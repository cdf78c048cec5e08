/** A simulation's plan and its outcome in words, for whoever looks at a failure. */
import type { Outcome } from "../../../edge/src/coordinator/simulation/simulate.ts";
import type { Deed, Item } from "../../../edge/src/coordinator/simulation/plan.ts";

/** Of the trace, before a violation. */
const LAST_LINES = 24;

export function clock(ms: number): string {
  const seconds = ms / 1_000;
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 24 * 60) return `day ${Math.floor(minutes / (24 * 60)) + 1}`;
  return `${minutes}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

export function itemLine({ id, at, deed }: Item): string {
  return `${clock(at).padStart(8)}  ${deedWords(deed)}  (${id})`;
}

function deedWords(deed: Deed): string {
  switch (deed.kind) {
    case "upload": {
      const { id, kind, nature, seconds, owner, unannounced } = deed.file;
      const length = kind === "video" ? ` of ${seconds} s` : "";
      const quiet = unannounced ? ", and the coordinator is not told" : "";
      return `${owner} uploads file ${id}: ${nature} ${kind}${length}${quiet}`;
    }
    case "delete":
      return `file ${deed.file} is deleted`;
    case "viewer": {
      const { file, rung, from, segments } = deed.viewer;
      return `somebody watches file ${file} in ${rung}, ${segments} segments from ${from}`;
    }
    default:
      return `fault: ${deed.kind} ${details(deed)}`.trim();
  }
}

function details(deed: Deed): string {
  const { kind: _, ...rest } = deed;
  return JSON.stringify(rest, (_key, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Math.round(value * 100) / 100 : value,
  )
    .replaceAll('"', "")
    .replace(/^\{\}$/, "");
}

export function violationWords({ seed, violation, lines }: Outcome): string {
  if (!violation) return "";
  const { invariant, text, step, at } = violation;
  const events = lines.slice(-LAST_LINES).map((line) => `    ${line.slice(0, 160)}`);
  return [
    `Seed ${seed} breaks "${invariant}" at event ${step.toLocaleString("en")}, ${clock(at)} after its beginning:`,
    `  ${text}`,
    "  The last events:",
    ...events,
  ].join("\n");
}
