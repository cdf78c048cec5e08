/**
 * Watches films while they are being made and while everything fails: whatever a playlist names is there, or is
 * promised (503), never absent. A line that breaks says nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "../../edge/src/coordinator/simulation/random.ts";
import { readRecord } from "../demo/follow.ts";
import type { History } from "./history.ts";
import type { Kept } from "./load.ts";

export interface ViewerOptions {
  host: string;
  films: () => readonly Kept[];
  draw: Chance;
  history: History;
}

const PAUSE_MS = 700;
const LIMIT_MS = 40_000;

export async function watchFilms(options: ViewerOptions, over: () => boolean): Promise<void> {
  const { films, draw, history } = options;
  while (!over()) {
    await sleep(PAUSE_MS);
    const there = films().filter(({ state, sample }) => state === "kept" && sample.kind === "film");
    if (there.length === 0) continue;
    const film = draw.pick(there);
    const absent = await lookAt(film, options).catch(() => null);
    if (absent === null || !(await isPromised(options.host, film))) continue;
    history.note("violation", { file: film.id, what: `a playlist names what is absent: ${absent}` });
  }
}

/** The address that answered 404, or null. */
async function lookAt(film: Kept, { host, draw, history }: ViewerOptions): Promise<string | null> {
  const master = `${host}/${film.id}/hls/master.m3u8`;
  const lists = namedIn(await read(master), master);
  if (lists.length === 0) return null;
  const list = draw.pick(lists);
  const answer = await ask(list);
  if (answer.status === 404) return list;
  const pieces = answer.ok ? namedIn(await answer.text(), list) : [];
  if (pieces.length === 0) return null;
  const piece = draw.pick(pieces);
  const { status } = await ask(piece);
  history.note("watched", { file: film.id, piece: piece.slice(host.length), status });
  return status === 404 ? piece : null;
}

/** A film that failed, or is gone meanwhile, promises nothing any more. */
async function isPromised(host: string, film: Kept): Promise<boolean> {
  if (film.state !== "kept") return false;
  const record = await readRecord(host, film.id).catch(() => null);
  return record !== null && (record.status === "processing" || record.status === "ready");
}

/** Every address in a playlist, whole. */
export function namedIn(playlist: string, base: string): string[] {
  const named = playlist
    .split("\n")
    .flatMap((line) => (line.startsWith("#") ? [/URI="([^"]+)"/.exec(line)?.[1]] : [line.trim()]))
    .filter((address) => address !== undefined && address !== "");
  return [...new Set(named.map((address) => new URL(address ?? "", base).href))];
}

async function read(url: string): Promise<string> {
  const answer = await ask(url);
  const text = await answer.text();
  return answer.ok ? text : "";
}

function ask(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
}
