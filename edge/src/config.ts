/**
 * Vars and secrets, parsed once by a schema. A wrong value stops the Worker with a sentence that names the
 * variable (`ConfigError`), answered to every request, so that a mistake is seen at the first look.
 */
import { z } from "zod";
import { refuseOutgoing } from "./http/outgoing.ts";
import { DEFAULT_LADDER, LEAST_CEILING, type Ladder } from "./media/ladder.ts";

declare global {
  /** Secrets, which `wrangler types` cannot see. */
  interface Env {
    SIGNING_SECRET?: string;
    OPERATOR_TOKEN?: string;
    METRICS_TOKEN?: string;
    WEBHOOK_SECRET?: string;
    R2_ACCOUNT_ID?: string;
    R2_ACCESS_KEY_ID?: string;
    R2_SECRET_ACCESS_KEY?: string;
  }
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const KIB = 1_024;
export const MIB = 1_024 * KIB;

const origin = z.union([z.literal(""), z.url({ protocol: /^https?$/ })]);

const ShardVar = z.object({
  binding: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
  bucket: z.string().min(3),
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
  weight: z.number().positive().default(1),
  budget_bytes: z.number().int().positive(),
  state: z.enum(["open", "draining", "closed"]).default("open"),
});

/** The wire and every player take this many rungs, and H.264 no more lines. */
export const MOST_RUNGS = 8;
const MOST_LINES = 4_096;
export const RungName = z
  .string()
  .regex(/^[1-9][0-9]{1,3}$/, 'must be a number of lines, such as "720"')
  .refine((name) => Number(name) % 2 === 0 && Number(name) <= MOST_LINES, {
    message: `must be even and at most ${MOST_LINES}`,
  });
const LadderVar = z
  .array(
    z.object({
      name: RungName,
      ceiling: z.number().int().min(LEAST_CEILING, "is in bits per second, at least 50000").max(200_000_000),
    }),
  )
  .min(1, "needs a rung")
  .max(MOST_RUNGS)
  .refine((rungs) => new Set(rungs.map(({ name }) => name)).size === rungs.length, "names a rung twice");

/** The Standard Webhooks form: 24 to 64 random bytes in base64. */
const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/;

/** Whose jobs are those of files that were there before there were pools. */
export const MAIN_POOL = "main";
/** Names are parts of addresses, of job ids and of events. */
export const POOL_NAME = /^[a-z][a-z0-9-]{0,30}$/;
/** The minute's cron calls each of them a few times; a request may make a thousand calls. */
const MOST_POOLS = 16;
const PoolsVar = z
  .string()
  .default("")
  .transform((text) => (text.trim() || MAIN_POOL).split(",").map((name) => name.trim()))
  .refine((names) => names.every((name) => POOL_NAME.test(name)), {
    message: 'is a list such as "main, second": names of small letters, digits and -, a letter first',
  })
  .refine((names) => names.length <= MOST_POOLS, `names more than ${MOST_POOLS} pools`)
  .refine((names) => new Set(names).size === names.length, "names a pool twice");

/** JSON in a variable. */
const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});

const Vars = z.object({
  PUBLIC_URL: origin.default(""),
  MEDIA_ORIGIN: origin.default(""),
  MAX_FILE_BYTES: z.coerce.number().int().positive().default(5_000_000_000),
  ANONYMOUS_UPLOADS: z.enum(["true", "false"]).default("false"),
  ALLOWED_TYPES: z.string().default("*"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  LEASE_SECONDS: z.coerce.number().positive().max(3_600).default(90),
  R2_ENDPOINT: origin.default(""),
  R2_ACCOUNT_ID: z.string().default(""),
  R2_ACCESS_KEY_ID: z.string().default(""),
  R2_SECRET_ACCESS_KEY: z.string().default(""),
  SIGNING_SECRET: z.string().min(16, "needs 16 characters or more").optional(),
  OPERATOR_TOKEN: z
    .string()
    .default("")
    .refine((token) => token === "" || token.length >= 24, "needs 24 characters or more")
    .refine((token) => /^[\x21-\x7e]*$/.test(token), "may hold letters, digits and signs only, no space")
    .refine((token) => !/^cc[a-z]_/.test(token), "must not begin like the key of an agent"),
  METRICS_TOKEN: z
    .string()
    .default("")
    .refine(
      (token) => token === "" || /^ccm_[\x21-\x7e]{20,}$/.test(token),
      "is ccm_ and 20 characters or more",
    ),
  WEBHOOK_URL: z.string().default(""),
  WEBHOOK_SECRET: z
    .string()
    .default("")
    .transform((text) => text.split(/[\s,]+/).filter((secret) => secret !== ""))
    .refine((secrets) => secrets.length <= 2, "holds two secrets at most: the new one, then the old one")
    .refine(
      (secrets) => secrets.every((secret) => WEBHOOK_SECRET.test(secret)),
      'is made by: echo "whsec_$(openssl rand -base64 32)"',
    ),
  WEBHOOK_ALLOW_PRIVATE: z.enum(["true", "false"]).default("false"),
  WEBHOOK_RESOLVER: z.union([z.literal(""), z.url({ protocol: /^https?$/ })]).default(""),
  FLEET_WAIT_SECONDS: z.coerce.number().positive().max(86_400).default(300),
  POOLS: PoolsVar,
  SHARDS: json.pipe(z.array(ShardVar).min(1)),
  LADDER: z
    .string()
    .default("")
    .transform((text) => text || JSON.stringify(DEFAULT_LADDER))
    .pipe(json)
    .pipe(LadderVar),
});

/** One R2 bucket with a place on earth and a byte budget. `name` is its binding's. */
export interface Shard {
  name: string;
  bucket: string;
  lat: number;
  lon: number;
  weight: number;
  budgetBytes: number;
  state: "open" | "draining" | "closed";
}

/** Where events go, and how they are signed. */
export interface WebhookConfig {
  url: string;
  /** The newest first; two while they change. */
  secrets: string[];
  /** The receiver may be on one's own network. */
  allowPrivate: boolean;
  /** DNS over HTTPS, asked what a name resolves to; null: names are not looked up. */
  resolver: string | null;
  /** Our own origins, which no event goes to. */
  own: string[];
}

export interface Config {
  /** Origin of all links, without a trailing slash; null: the request's own. */
  publicUrl: string | null;
  mediaOrigin: string | null;
  maxFileBytes: number;
  anonymousUploads: boolean;
  /** Media types or `type/*` patterns; null allows all. */
  allowedTypes: string[] | null;
  logLevel: z.infer<typeof Vars>["LOG_LEVEL"];
  leaseMs: number;
  /** Pools that get new files, at least one; an agent that comes anew goes to the first. */
  pools: readonly string[];
  shards: Shard[];
  /** Rungs that videos get, and what they may spend. */
  ladder: Ladder;
  /** S3 credentials; null: signed addresses go through the Worker's relay. */
  r2: { endpoint: string; accessKeyId: string; secretAccessKey: string } | null;
  signingSecret: string | null;
  /** Opens the operator's doors; null: they stay shut. */
  operatorToken: string | null;
  /** Opens /metrics and nothing else; null: the operator alone may look. */
  metricsToken: string | null;
  /** Null: nobody is told of anything. */
  webhook: WebhookConfig | null;
  /** A job that has waited longer than this calls for agents, also where some are there. */
  fleetWaitMs: number;
}

/** A variable has a value the Worker cannot work with; the message names it and says what it should be. */
export class ConfigError extends Error {}

const parsed = new WeakMap<Env, Config>();

/** The configuration of this deployment. Throws ConfigError, which names the variable. */
export function loadConfig(env: Env): Config {
  const known = parsed.get(env);
  if (known) return known;
  const config = parse(env);
  parsed.set(env, config);
  return config;
}

function parse(env: Env): Config {
  const result = Vars.safeParse(env);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new ConfigError(
      `The variable ${issue?.path.join(".") ?? "?"} is wrong: ${issue?.message ?? "unknown"}.`,
    );
  }
  const vars = result.data;
  for (const shard of vars.SHARDS) {
    if (!(shard.binding in env)) {
      throw new ConfigError(
        `SHARDS names ${shard.binding}, but wrangler.toml has no [[r2_buckets]] with that binding.`,
      );
    }
  }
  const r2 = s3Access(vars);
  if (!r2 && !vars.SIGNING_SECRET) {
    throw new ConfigError(
      "Set SIGNING_SECRET (wrangler secret put SIGNING_SECRET), or the three R2_ credentials.",
    );
  }
  return {
    publicUrl: trimSlash(vars.PUBLIC_URL),
    mediaOrigin: trimSlash(vars.MEDIA_ORIGIN),
    maxFileBytes: vars.MAX_FILE_BYTES,
    anonymousUploads: vars.ANONYMOUS_UPLOADS === "true",
    allowedTypes:
      vars.ALLOWED_TYPES === "*" ? null : vars.ALLOWED_TYPES.split(",").map((type) => type.trim()),
    logLevel: vars.LOG_LEVEL,
    leaseMs: vars.LEASE_SECONDS * SECOND,
    pools: vars.POOLS,
    shards: vars.SHARDS.map(({ binding, budget_bytes, ...shard }) => ({
      ...shard,
      name: binding,
      budgetBytes: budget_bytes,
    })),
    ladder: vars.LADDER,
    r2,
    signingSecret: vars.SIGNING_SECRET ?? null,
    operatorToken: vars.OPERATOR_TOKEN === "" ? null : vars.OPERATOR_TOKEN,
    metricsToken: vars.METRICS_TOKEN === "" ? null : vars.METRICS_TOKEN,
    webhook: webhookOf(vars, r2),
    fleetWaitMs: vars.FLEET_WAIT_SECONDS * SECOND,
  };
}

function s3Access(vars: z.infer<typeof Vars>): Config["r2"] {
  const given = [vars.R2_ACCESS_KEY_ID, vars.R2_SECRET_ACCESS_KEY, vars.R2_ENDPOINT || vars.R2_ACCOUNT_ID];
  if (given.every((value) => value === "")) return null;
  if (given.some((value) => value === "")) {
    throw new ConfigError(
      "R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY and R2_ACCOUNT_ID (or R2_ENDPOINT) belong together: set all or none.",
    );
  }
  const endpoint = trimSlash(vars.R2_ENDPOINT) ?? `https://${vars.R2_ACCOUNT_ID}.r2.cloudflarestorage.com`;
  return { endpoint, accessKeyId: vars.R2_ACCESS_KEY_ID, secretAccessKey: vars.R2_SECRET_ACCESS_KEY };
}

function webhookOf(vars: z.infer<typeof Vars>, r2: Config["r2"]): WebhookConfig | null {
  if (vars.WEBHOOK_URL === "") return null;
  if (vars.WEBHOOK_SECRET.length === 0) {
    throw new ConfigError(
      'WEBHOOK_URL needs WEBHOOK_SECRET: wrangler secret put WEBHOOK_SECRET, made by echo "whsec_$(openssl rand -base64 32)".',
    );
  }
  const webhook = {
    url: vars.WEBHOOK_URL,
    secrets: vars.WEBHOOK_SECRET,
    allowPrivate: vars.WEBHOOK_ALLOW_PRIVATE === "true",
    resolver: vars.WEBHOOK_RESOLVER === "" ? null : vars.WEBHOOK_RESOLVER,
    own: [vars.PUBLIC_URL, vars.MEDIA_ORIGIN, r2?.endpoint ?? ""].filter((origin) => origin !== ""),
  };
  const refusal = refuseOutgoing(webhook.url, webhook);
  if (refusal === null) return webhook;
  throw new ConfigError(
    `The variable WEBHOOK_URL is wrong: it ${refusal}. For a receiver on your own network set WEBHOOK_ALLOW_PRIVATE = "true".`,
  );
}

function trimSlash(url: string): string | null {
  return url === "" ? null : url.replace(/\/+$/, "");
}
