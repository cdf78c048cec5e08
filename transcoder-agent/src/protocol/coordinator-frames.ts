/** Frames from the coordinator to an agent. */
import { z } from "zod";
import { frame, LeaseRef } from "./agent-frames.ts";
import { count, milliseconds, objectName } from "./primitives.ts";
import { Recipe, ResourceClass } from "./recipes.ts";

const reply = { ...frame, re: count.describe("seq of the frame this answers") };
const signedRequest = z.object({ url: z.string(), headers: z.record(z.string(), z.string()) });
export type SignedRequest = z.infer<typeof signedRequest>;

export const Welcome = z.object({
  type: z.literal("welcome"),
  ...reply,
  protocol: count,
  renewMs: milliseconds,
  pingMs: milliseconds,
  leaseMs: milliseconds,
  /** Leases that still hold as they are. */
  resumed: z.array(z.string()),
  /** Leases given anew to the same holder: carry on under the new name. */
  adopted: z.array(z.object({ job: z.string(), from: count, lease: LeaseRef })),
  /** Leases that are over: drop the work. */
  lost: z.array(z.string()),
});
export const Grant = z.object({
  type: z.literal("grant"),
  ...frame,
  lease: LeaseRef,
  leaseMs: milliseconds,
  /** The attempt ends after this, however lively the agent. */
  deadlineMs: milliseconds,
  slot: ResourceClass,
  recipe: Recipe,
  /** `url` is opaque, and there for the first input only; the others are asked for with `sign`. */
  inputs: z.array(
    z.object({ name: objectName, size: z.number().int().nonnegative(), url: z.string().optional() }),
  ),
});
export const Signed = z.object({
  type: z.literal("signed"),
  ...reply,
  inputs: z.record(z.string(), z.string()),
  outputs: z.record(
    z.string(),
    z.union([
      z.object({ put: signedRequest }),
      z.object({ multipart: z.object({ partBytes: count, parts: count }) }),
    ]),
  ),
  parts: z.record(z.string(), z.array(z.object({ number: count, put: signedRequest }))),
});
export const Accepted = z.object({ type: z.literal("accepted"), ...reply });
export const Refused = z.object({
  type: z.literal("refused"),
  ...reply,
  /** `stale`: the lease is not yours any more; `invalid`: the frame contradicts the recipe. */
  reason: z.enum(["stale", "invalid"]),
  message: z.string(),
});
export const Cancel = z.object({
  type: z.literal("cancel"),
  ...frame,
  jobs: z.array(z.string()),
  reason: z.string(),
});
/** Answers a `renew`: leases named there that are over. */
export const Renewed = z.object({ type: z.literal("renewed"), ...reply, lost: z.array(z.string()) });
export const Move = z.object({ type: z.literal("move"), ...frame, url: z.string() });
/** Take no more, finish what is held; until `resume` or the next welcome. */
export const Drain = z.object({ type: z.literal("drain"), ...frame, reason: z.string() });
export const Resume = z.object({ type: z.literal("resume"), ...frame });
export const ErrorFrame = z.object({
  type: z.literal("error"),
  ...frame,
  re: count.nullable(),
  message: z.string(),
});

export const CoordinatorFrame = z.discriminatedUnion("type", [
  Welcome,
  Grant,
  Signed,
  Accepted,
  Refused,
  Cancel,
  Renewed,
  Move,
  Drain,
  Resume,
  ErrorFrame,
]);
export type CoordinatorFrame = z.infer<typeof CoordinatorFrame>;
export type Welcome = z.infer<typeof Welcome>;
export type Grant = z.infer<typeof Grant>;
export type Signed = z.infer<typeof Signed>;
export type Accepted = z.infer<typeof Accepted>;
export type Refused = z.infer<typeof Refused>;
export type Cancel = z.infer<typeof Cancel>;
export type Renewed = z.infer<typeof Renewed>;
export type Move = z.infer<typeof Move>;
export type Drain = z.infer<typeof Drain>;
export type Resume = z.infer<typeof Resume>;
export type ErrorFrame = z.infer<typeof ErrorFrame>;
