/**
 * A further rung of a film that has its plan already, on request. Called by the routes of this room: what may not
 * be is refused with the reason, what is there already stays as it is, and the rest becomes the coordinator's work.
 */
import { z } from "zod";
import { addRung } from "../catalog/added-rungs.ts";
import type { FileRow } from "../catalog/files.ts";
import { ulid } from "../catalog/ids.ts";
import { markWorkSent } from "../catalog/outbox.ts";
import { loadPlan } from "../catalog/plans.ts";
import { loadConfig, MOST_RUNGS, RungName } from "../config.ts";
import { coordinatorOf } from "../coordinator/client.ts";
import { typeOf } from "../coordinator/plans/types.ts";
import { logLine } from "../http/log.ts";
import { Problem } from "../http/problems.ts";
import { type Picture, planOneRung } from "../media/ladder.ts";
import type { Plan, PlannedRung } from "../media/plan.ts";
import type { Desk } from "./desk.ts";

export const RungWish = z.strictObject({ name: RungName });

const RETRY_AFTER_S = 5;
const Streams = z.array(z.object({ index: z.number(), bitRate: z.number().nullish() }));

/** False: the film has it, or has been asked for it. */
export async function askRung(desk: Desk, file: FileRow, name: string, now: number): Promise<boolean> {
  const plan = await planToAdd(desk, file);
  if (plan.rungs.some((rung) => rung.name === name)) return false;
  const rung = rungOf(desk, file, plan, name);
  if (plan.rungs.length >= MOST_RUNGS) throw tooMany();
  const outboxId = ulid(now);
  const request = { rung, type: typeOf("rung"), outboxId, most: MOST_RUNGS, now };
  if (!(await addRung(desk.db, plan, request))) throw tooMany();
  await announce(desk, file, outboxId, now);
  return true;
}

async function planToAdd({ db }: Desk, file: FileRow): Promise<Plan> {
  const { kind, status, planId } = file;
  if (kind !== "video") {
    throw new Problem("invalid", "This file is no video: it has no rungs.", {
      hint: `What it has is in its record, /api/files/${file.id}`,
    });
  }
  const plan = planId === null ? null : await loadPlan(db, planId);
  if (plan === null && status === "processing") {
    throw new Problem("conflict", "This video is still being looked at: nobody knows its lines yet.", {
      hint: "Ask again when its record lists rungs.",
      retryAfter: RETRY_AFTER_S,
    });
  }
  if (plan === null || status === "failed" || status === "partial") {
    throw new Problem("conflict", `This video could not be made whole: ${file.reason ?? "unknown"}`, {
      hint: `Another rung would be no better. POST /api/files/${file.id}/retry tries again what failed.`,
    });
  }
  return plan;
}

function rungOf({ env }: Desk, file: FileRow, plan: Plan, name: string): PlannedRung {
  const picture = pictureOf(file, plan);
  const rung = planOneRung(picture, name, loadConfig(env).ladder);
  if (rung !== null) return rung;
  const { width, height } = picture;
  throw new Problem(
    "invalid",
    `A rung of ${name} lines would be larger than a video of ${width}×${height}.`,
    {
      hint: `A rung is never above its source, nor longer than 4096 pixels. The original is at /${file.id}.${file.extension}`,
    },
  );
}

/** As the inspection told it to the catalogue. */
function pictureOf({ width, height, duration, size, streams }: FileRow, { video }: Plan): Picture {
  const known = Streams.safeParse(streams).data?.find(({ index }) => index === video.stream)?.bitRate;
  // What does not tell a rate per stream spends a little less on the picture than on the whole.
  const whole = duration !== null && duration > 0 ? (size * 8 * 1_000) / duration : null;
  return { width: width ?? 0, height: height ?? 0, bitRate: known ?? whole };
}

/** Where this fails the outbox row stays unsent, and the sweep tells the coordinator within a minute. */
async function announce({ env, db }: Desk, file: FileRow, outboxId: string, now: number): Promise<void> {
  try {
    await coordinatorOf(env, file.pool).addRungs(file.id);
    await markWorkSent(db, [outboxId], now);
  } catch (error) {
    logLine(loadConfig(env).logLevel, "warn", "the coordinator did not hear of a rung", {
      file: file.id,
      cause: String(error),
    });
  }
}

function tooMany(): Problem {
  return new Problem("conflict", `A video has ${MOST_RUNGS} rungs at most.`, {
    hint: "Play one of those it has; its record lists them.",
  });
}
