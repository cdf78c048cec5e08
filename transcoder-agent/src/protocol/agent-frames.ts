/** Frames from an agent to the coordinator. */
import { z } from "zod";
import { count, objectName } from "./primitives.ts";
import { JobKind } from "./recipes.ts";
import { FailureClass, FailureCode, Result } from "./results.ts";

/** Names one attempt. The secret is 128 random bits, base64url. */
export const LeaseRef = z.object({ job: z.string(), epoch: count, secret: z.string() });
export type LeaseRef = z.infer<typeof LeaseRef>;

export const Slots = z.object({ gpu: count, cpu: count, io: count });
export type Slots = z.infer<typeof Slots>;

export const Capabilities = z.object({
  kinds: z.array(JobKind),
  /** H.264 encoders that passed a trial encode, best first. */
  encoders: z.array(z.string()),
  ffmpeg: z.string(),
  cores: count,
  memoryBytes: count,
  platform: z.string(),
  /** How ffmpeg is confined here, in a word or two for people ("namespaces", "limits"). */
  sandbox: z.string().max(60).optional(),
});
export type Capabilities = z.infer<typeof Capabilities>;

export const frame = { seq: count };

export const Hello = z.object({
  type: z.literal("hello"),
  ...frame,
  protocol: count,
  agentVersion: z.string(),
  /** New for each start of the process; `seq` is unique within it. */
  bootId: z.string(),
  label: z.string(),
  capabilities: Capabilities,
  /** Leases it can hold in each class; what it has room for now, `ready` says. */
  slots: Slots,
  held: z.array(LeaseRef),
});
/** Free slots now, absolute: never a difference. */
export const Ready = z.object({
  type: z.literal("ready"),
  ...frame,
  slots: Slots,
  /** Why it takes nothing although it could: its schedule, or a GPU that is busy with something else. */
  resting: z.string().max(200).optional(),
});
export const Renew = z.object({
  type: z.literal("renew"),
  ...frame,
  leases: z.array(LeaseRef.extend({ fraction: z.number().min(0).max(1) })),
});
export const ObjectWish = z.object({
  name: objectName,
  size: z.number().int().positive(),
  type: z.string(),
  /** Base64 of the MD5, where it is known before the upload. */
  md5: z.string().optional(),
});
export type ObjectWish = z.infer<typeof ObjectWish>;
export const Sign = z.object({
  type: z.literal("sign"),
  ...frame,
  lease: LeaseRef,
  /** Inputs to be read (again). */
  inputs: z.array(objectName),
  outputs: z.array(ObjectWish),
  /** Parts of outputs that the coordinator said are multipart. */
  parts: z.array(z.object({ name: objectName, numbers: z.array(z.number().int().min(1).max(10_000)) })),
});
export const Complete = z.object({
  type: z.literal("complete"),
  ...frame,
  lease: LeaseRef,
  objects: z.array(
    z.object({
      name: objectName,
      size: z.number().int().positive(),
      /** As the storage answered it, without quotes; empty for multipart objects. */
      etag: z.string(),
      parts: z.array(z.object({ number: z.number().int(), etag: z.string() })).optional(),
    }),
  ),
  result: Result,
});
export const Fail = z.object({
  type: z.literal("fail"),
  ...frame,
  lease: LeaseRef,
  class: FailureClass,
  code: FailureCode,
  /** For people; holds no signed address and no path. */
  message: z.string().max(2_000),
});
export const Release = z.object({ type: z.literal("release"), ...frame, lease: LeaseRef });

export const AgentFrame = z.discriminatedUnion("type", [Hello, Ready, Renew, Sign, Complete, Fail, Release]);
export type AgentFrame = z.infer<typeof AgentFrame>;
export type Hello = z.infer<typeof Hello>;
export type Ready = z.infer<typeof Ready>;
export type Renew = z.infer<typeof Renew>;
export type Sign = z.infer<typeof Sign>;
export type Complete = z.infer<typeof Complete>;
export type Fail = z.infer<typeof Fail>;
export type Release = z.infer<typeof Release>;
