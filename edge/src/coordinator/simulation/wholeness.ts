/**
 * What a file with which nothing is wrong has in the end: everything. Asked by what was uploaded and by the plan, and
 * not by what the coordinator says has failed, since one that makes nothing has an excuse for each file.
 */
import type { FileKind } from "../../db/schema.ts";
import type { Plan } from "../../media/plan.ts";
import { UNREADABLE_SECONDS, type Film, type Nature } from "./films.ts";
import type { ObjectHost } from "./object.ts";
import type { Simulated } from "./simulated.ts";
import type { Complain } from "./violation.ts";

/** No second try helps them. */
const HOPELESS: readonly Nature[] = ["poison", "corrupt"];
/** Beside the rungs and tracks of a plan. */
const WANTED: Readonly<Partial<Record<FileKind, readonly string[]>>> = {
  video: ["poster/poster", "thumbnail/thumbnail", "mp4/mp4", "storyboard/0"],
  audio: ["m4a/m4a", "waveform/waveform"],
  image: ["thumbnail/thumbnail", "preview/preview"],
  animation: ["thumbnail/thumbnail", "preview/preview", "mp4/mp4"],
};
/** Of a film that ends early these are never whole. */
const CUT_SHORT: readonly string[] = ["rung", "track"];

interface Kept {
  id: string;
  status: string;
  reason: string | null;
  film: Film;
}

interface Rendition {
  kind: string;
  name: string;
  state: string;
  reason: string | null;
}

export function isHopeless({ nature }: Film): boolean {
  return HOPELESS.includes(nature);
}

/** Stored files of which something is made, whether or not whoever uploaded them heard of it. */
export function keptFiles({ catalogue, files }: Simulated): Kept[] {
  const rows = catalogue.rows<Omit<Kept, "film"> & { size: number }>(
    "select id, status, reason, size from files where state = 'stored' order by id",
  );
  return rows.flatMap(({ size, ...row }) => {
    const film = files.find((planned) => planned.size === size);
    return film && WANTED[film.kind] ? [{ ...row, film }] : [];
  });
}

/**
 * Everything has ended, and what was given up has had its second chance. `swept`: what the storage lost has been found,
 * too; before that a film may lack what was to be made of it.
 */
export function demandWhole(parts: Simulated, swept: boolean, complain: Complain): void {
  const broken = (text: string) => complain("I2 committed once, and it matches", text);
  for (const file of keptFiles(parts)) {
    const { id, status, reason, film } = file;
    if (isHopeless(film)) {
      if (status !== "failed") broken(`${id}, of which nothing can be made, is ${status}`);
      continue;
    }
    if (isHurt(parts, id) && !swept) continue;
    if (status !== (isShort(film) ? "partial" : "ready"))
      broken(`${id}, with which nothing is wrong, is ${status} (${reason})`);
    demandJobs(parts, id, broken);
    demandRenditions(parts, file, broken);
    if (film.kind === "video") demandSegments(parts, file, broken);
  }
}

function isShort({ nature }: Film): boolean {
  return nature === "short";
}

function isHurt({ rotten }: Simulated, id: string): boolean {
  return [...rotten].some((key) => key.startsWith(`r/${id}/`));
}

function demandJobs({ object }: Simulated, id: string, broken: (text: string) => void): void {
  for (const { kind, part, state, error } of givenUp(object, id))
    broken(`${kind} ${part} of ${id}, with which nothing is wrong, is ${state}: ${error}`);
}

interface Lost {
  id: string;
  kind: string;
  part: string;
  state: string;
  error: string | null;
}

/** Jobs that nobody will make unless somebody has them redriven. */
export function givenUp(object: ObjectHost, fileId: string): Lost[] {
  return object.rows<Lost>(
    `select id, kind, part, state, error from jobs where fileId = ? and (state = 'dead' or
       (state = 'cancelled' and error ->> '$.code' in ('stopped', 'parent_failed'))) order by id`,
    fileId,
  );
}

function demandRenditions(
  { catalogue }: Simulated,
  { id, film }: Kept,
  broken: (text: string) => void,
): void {
  const rows = catalogue.rows<Rendition>(
    "select kind, name, state, reason from renditions where file_id = ?",
    id,
  );
  for (const { kind, name, state, reason } of rows) {
    if (state === "ready" || (isShort(film) && CUT_SHORT.includes(kind))) continue;
    broken(`${kind}/${name} of ${id}, with which nothing is wrong, is ${state} (${reason})`);
  }
  const there = new Set(rows.map(({ kind, name }) => `${kind}/${name}`));
  for (const wanted of WANTED[film.kind] ?? [])
    if (!there.has(wanted)) broken(`${id} has no ${wanted}, and nobody expects it`);
}

/** Every segment of every rung and track that can be read has an owner. */
function demandSegments({ object }: Simulated, { id, film }: Kept, broken: (text: string) => void): void {
  const [row] = object.rows<{ plan: string | null }>("select plan from files where fileId = ?", id);
  if (!row?.plan) return broken(`${id} has no plan`);
  const plan = JSON.parse(row.plan) as Plan;
  if (plan.rungs.length === 0 || plan.tracks.length === 0)
    broken(`${id} is planned without picture or sound`);
  const owned = new Set(
    object
      .rows<{ place: string }>(
        "select track || ' ' || segment as place from claims where planId = ?",
        plan.id,
      )
      .map(({ place }) => place),
  );
  const end = isShort(film) ? (film.seconds - UNREADABLE_SECONDS) * plan.timescale : Infinity;
  const count = plan.boundaries.slice(0, -1).filter((start) => start < end).length;
  for (const { name } of [...plan.rungs, ...plan.tracks]) {
    for (let segment = 0; segment < count; segment++)
      if (!owned.has(`${name} ${segment}`)) broken(`segment ${segment} of ${name} of ${id} has no owner`);
  }
}
