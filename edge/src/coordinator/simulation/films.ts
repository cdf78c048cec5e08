/** What simulated files are and what an agent makes of them: results as agents tell them, bodies only in name. */
import type { Grant, Result } from "#protocol";
import type { FileKind } from "../../db/schema.ts";
import { headInspection, makeResult, object, soundInspection } from "../testing/results.ts";
import { etagOf, type Content } from "./bucket.ts";

/** What is odd about a file. */
export type Nature =
  | "plain"
  /** Its container has no index: the head goes first. */
  | "headed"
  /** The index contradicts what was announced before it. */
  | "contradicting"
  /** Its last segment cannot be read. */
  | "short"
  /** Each agent that tries dies of it. */
  | "poison"
  /** Cannot be read at all. */
  | "corrupt"
  /** Its download is large enough for parts. */
  | "large";

export interface Film {
  kind: FileKind;
  nature: Nature;
  seconds: number;
}

export interface Product extends Content {
  name: string;
  type: string;
}

/** Above the threshold of multipart, in three parts. */
const LARGE_BYTES = 70 * 1024 * 1024;
const PLAIN: Film = { kind: "other", nature: "plain", seconds: 12 };

/** `who` makes each attempt's objects unlike any other's. */
export function produce(
  grant: Grant,
  film: Film = PLAIN,
  who: string,
): { products: Product[]; result: Result } {
  const { uploads, result } = madeOf(grant, film);
  const large = result.kind === "mp4" && film.nature === "large";
  const products = uploads.map(({ name, type, bytes }) => ({
    name,
    type,
    size: large ? LARGE_BYTES : bytes.length,
    etag: etagOf(`${who} ${name}`),
    text: name === "index.json" ? new TextDecoder().decode(bytes) : null,
  }));
  return { products, result: film.nature === "short" ? shortened(result, film) : result };
}

function madeOf(grant: Grant, { nature, seconds, kind }: Film) {
  const { recipe } = grant;
  if (recipe.kind === "inspect" && kind === "audio") return soundInspection("alac");
  if (recipe.kind === "inspect" && nature === "headed") return headInspection(seconds);
  if (recipe.kind === "inspect" && nature === "contradicting") return headInspection(seconds, 4_013);
  const made = makeResult(grant, seconds);
  if (made.result.kind !== "image" || kind !== "animation") return made;
  const film = object("animation.mp4", "video/mp4", 300);
  const mp4 = { object: film.name, width: 640, height: 360 };
  return { uploads: [...made.uploads, film], result: { ...made.result, mp4 } };
}

/** Of a film that ends early: segments that begin so late are left out. */
export const UNREADABLE_SECONDS = 4;

function shortened(result: Result, { seconds }: Film): Result {
  const readable = <T extends { segments: { start: number }[]; timescale: number }>(track: T): T => ({
    ...track,
    segments: track.segments.filter(({ start }) => start < (seconds - UNREADABLE_SECONDS) * track.timescale),
  });
  if (result.kind === "video") return { ...result, rungs: result.rungs.map(readable) };
  if (result.kind === "audio" && result.track) return { ...result, track: readable(result.track) };
  return result;
}
