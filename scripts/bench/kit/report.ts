/** What `npm run bench` prints: a table with notes below each row, or one line of JSON. Pure. */
import type { Benchmark, Figure } from "../benchmark.ts";

const HEAD = ["", "case", "measured", "target", "", "guards"];

/** Rows of one benchmark, its title above them. */
export function table({ id, title }: Pick<Benchmark, "id" | "title">, figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd(),
  );
  const [head, ...body] = lines;
  const noted = body.flatMap((line, at) => [line, ...notesOf(figures[at])]);
  return [`${id}  ${title}`, head, ...noted, ""].join("\n");
}

export function json(figures: readonly Figure[]): string {
  return JSON.stringify({ benchmarks: figures });
}

function rowOf({ id, case: name, value, unit, target, better, pass, guards }: Figure): string[] {
  const names = Object.entries(guards).map(([guard, { pass: held }]) => (held ? guard : `${guard} FAILED`));
  const wanted = value === null ? "" : `${better === "lower" ? "≤" : "≥"} ${number(target)}`;
  return [
    id,
    name,
    value === null ? "not run" : `${number(value)} ${unit}`,
    wanted,
    pass ? "ok" : "MISSED",
    names.join(", "),
  ];
}

function notesOf(figure: Figure | undefined): string[] {
  const guards = Object.entries(figure?.guards ?? {}).map(([name, { said }]) => `${name}: ${said}`);
  return [...guards, ...(figure?.notes ?? [])].map((line) => `        ${line}`);
}

/** Three digits that mean something. */
export function number(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 100) return String(Math.round(value));
  if (size < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}
