/**
 * The recipe of a download, pure, from what the pieces of its plan committed: the highest rung that is whole,
 * or the highest that fits what chat programs embed. Called at the grant, when all parents are done.
 */
import type { Mp4Recipe, Piece } from "#protocol";
import type { Plan } from "../../media/plan.ts";
import type { SegmentClaim } from "../store/claim-store.ts";
import type { JobInput } from "../ledger/ledger-types.ts";

/** What chat programs still embed. */
export const EMBED_BYTES = 50_000_000;

/** `limit`: bytes that picture and sound may have. Null where no rung has a segment, or none fits. */
export function mp4Recipe(
  plan: Plan,
  claims: readonly SegmentClaim[],
  limit = Infinity,
): { recipe: Mp4Recipe; inputs: JobInput[] } | null {
  const sound = claims.filter(({ track }) => track === plan.tracks[0]?.name);
  const rung = pickRung(plan, claims, limit - bytesOf(sound));
  if (rung === null) return null;
  const picture = claims.filter(({ track }) => track === rung);
  const video = piecesOf(picture, "v");
  const audio = piecesOf(sound, "a");
  return {
    recipe: {
      kind: "mp4",
      video: video.pieces,
      audio: audio.pieces,
      frames: picture.reduce((sum, { frames }) => sum + frames, 0),
      // Where the last frame ends: earlier than planned where the file ends early.
      duration: endOf(picture) / plan.timescale,
    },
    inputs: [...video.inputs, ...audio.inputs],
  };
}

/** Ticks of the plan. */
export function endOf(claims: readonly SegmentClaim[]): number {
  return Math.max(0, ...claims.map(({ start, duration }) => start + duration));
}

function pickRung(plan: Plan, claims: readonly SegmentClaim[], limit: number): string | null {
  const rungs = plan.rungs.map(({ name }) => {
    const own = claims.filter(({ track }) => track === name);
    return { name, segments: own.length, bytes: bytesOf(own) };
  });
  const most = Math.max(0, ...rungs.map(({ segments }) => segments));
  const whole = rungs.filter(({ segments }) => segments === most && most > 0);
  return whole.findLast(({ bytes }) => bytes <= limit)?.name ?? null;
}

function bytesOf(claims: readonly SegmentClaim[]): number {
  return claims.reduce((sum, { length }) => sum + length, 0);
}

/** Segments in order; neighbours in one object become one range. */
export function piecesOf(
  claims: readonly SegmentClaim[],
  letter: string,
): { pieces: Piece[]; inputs: JobInput[] } {
  const inputs = new Map<string, JobInput>();
  const pieces: Piece[] = [];
  let open: Piece | null = null;
  for (const claim of [...claims].sort((one, other) => one.segment - other.segment)) {
    const input = inputs.get(claim.objectKey) ?? {
      name: `${letter}${inputs.size}`,
      key: claim.objectKey,
      size: claim.size,
    };
    inputs.set(claim.objectKey, input);
    if (open === null || open.input !== input.name) {
      open = { input: input.name, init: [claim.initOffset, claim.initLength], ranges: [] };
      pieces.push(open);
    }
    extend(open.ranges, claim);
  }
  return { pieces, inputs: [...inputs.values()] };
}

function extend(ranges: [number, number][], { offset, length }: SegmentClaim): void {
  const last = ranges.at(-1);
  if (last && last[0] + last[1] === offset) last[1] += length;
  else ranges.push([offset, length]);
}
