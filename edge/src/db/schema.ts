/**
 * Every table of D1, the catalogue. `docs/storage.md` tells what each column is for; the coordinator's
 * own tables live inside its Durable Object (`coordinator/store/ledger-store.ts`), not here.
 * Times are milliseconds since 1970 UTC, sizes are bytes.
 */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

export const FILE_KINDS = ["image", "animation", "video", "audio", "text", "document", "other"] as const;
export type FileKind = (typeof FILE_KINDS)[number];
export const FILE_STATES = ["pending", "stored", "deleted"] as const;
export const FILE_STATUSES = ["processing", "ready", "partial", "failed"] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];
export const RENDITION_KINDS = [
  "thumbnail",
  "preview",
  "poster",
  "rung",
  "track",
  "mp4",
  "m4a",
  "subtitle",
  "storyboard",
  "waveform",
] as const;
export type RenditionKind = (typeof RENDITION_KINDS)[number];
export const RENDITION_STATES = ["waiting", "making", "ready", "failed"] as const;
export type RenditionState = (typeof RENDITION_STATES)[number];

/** One row per upload. `pending` reserves the shard's bytes for an hour; `deleted` answers 410 for ever. */
export const files = sqliteTable(
  "files",
  {
    id: text("id").primaryKey(),
    owner: text("owner").notNull(),
    name: text("name").notNull(),
    extension: text("extension").notNull(),
    type: text("type").notNull(),
    kind: text("kind", { enum: FILE_KINDS }).notNull(),
    /** Declared size while pending (reserved), true size once stored. */
    size: integer("size").notNull(),
    sha256: text("sha256"),
    shard: text("shard").notNull(),
    objectKey: text("object_key").notNull(),
    state: text("state", { enum: FILE_STATES }).notNull(),
    status: text("status", { enum: FILE_STATUSES }).notNull(),
    reason: text("reason"),
    deleteKeyHash: text("delete_key_hash").notNull(),
    width: integer("width"),
    height: integer("height"),
    duration: integer("duration_ms"),
    blurhash: text("blurhash"),
    thumbhash: text("thumbhash"),
    streams: text("streams", { mode: "json" }).$type<unknown[]>(),
    planId: text("plan_id"),
    /** Whose coordinator has its jobs, for ever. */
    pool: text("pool").notNull().default("main"),
    createdAt: integer("created_at").notNull(),
    storedAt: integer("stored_at"),
    deletedAt: integer("deleted_at"),
  },
  (table) => [
    index("files_by_owner").on(table.owner, table.createdAt),
    index("files_by_state").on(table.state, table.createdAt),
    // Few of all that are stored, oldest first.
    index("files_unsettled")
      .on(table.storedAt, table.id)
      .where(sql`${table.state} = 'stored' and ${table.status} = 'processing'`),
    // Which pools there are besides, without a cost for those who have one.
    index("files_by_pool")
      .on(table.pool)
      .where(sql`${table.pool} <> 'main'`),
  ],
);

/**
 * What is derived from a file, wanted or made. The object columns are written once per version. `name` is the
 * rung's or track's own ("720", "audio-0"), and the kind again for what a file has one of ("thumbnail", "mp4").
 * `version` is the plan's id for rungs and tracks, the recipe's hash for the rest.
 */
export const renditions = sqliteTable(
  "renditions",
  {
    fileId: text("file_id").notNull(),
    kind: text("kind", { enum: RENDITION_KINDS }).notNull(),
    name: text("name").notNull(),
    version: text("version").notNull(),
    state: text("state", { enum: RENDITION_STATES }).notNull(),
    reason: text("reason"),
    type: text("type").notNull(),
    width: integer("width"),
    height: integer("height"),
    size: integer("size"),
    objectKey: text("object_key"),
    etag: text("etag"),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.fileId, table.kind, table.name] })],
);

/** The frozen plan of a video (`media/plan.ts` has the shape of `body`). */
export const plans = sqliteTable("plans", {
  id: text("id").primaryKey(),
  fileId: text("file_id").notNull(),
  body: text("body", { mode: "json" }).$type<unknown>().notNull(),
  /** Rungs that were asked for since it was frozen, as `body` has its own. */
  addedRungs: text("added_rungs", { mode: "json" }).$type<unknown>().notNull().default([]),
  createdAt: integer("created_at").notNull(),
});

/** The segments of one rung (or audio track) that one committed rectangle owns, for ever. */
export const rectangles = sqliteTable(
  "rectangles",
  {
    planId: text("plan_id").notNull(),
    track: text("track").notNull(),
    jobId: text("job_id").notNull(),
    fileId: text("file_id").notNull(),
    objectKey: text("object_key").notNull(),
    size: integer("size").notNull(),
    etag: text("etag").notNull(),
    codecs: text("codecs").notNull(),
    initOffset: integer("init_offset").notNull(),
    initLength: integer("init_length").notNull(),
    /** `[segment, offset, length, start, duration]` each; start and duration in the plan's ticks. */
    segments: text("segments", { mode: "json" }).$type<SegmentRow[]>().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.planId, table.track, table.jobId] }),
    index("rectangles_by_file").on(table.fileId),
  ],
);
export type SegmentRow = [segment: number, offset: number, length: number, start: number, duration: number];

/** Work the coordinator has yet to hear of; the sweep resends what stays unsent for 30 s. */
export const workOutbox = sqliteTable(
  "work_outbox",
  {
    id: text("id").primaryKey(),
    action: text("action", { enum: ["enqueue", "cancel", "rungs"] }).notNull(),
    fileId: text("file_id").notNull(),
    createdAt: integer("created_at").notNull(),
    sentAt: integer("sent_at"),
  },
  (table) => [
    index("work_outbox_unsent")
      .on(table.createdAt)
      .where(sql`${table.sentAt} is null`),
  ],
);

export const AGENT_STATES = ["active", "paused", "draining"] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/** Agents that may connect, as the operator wants them; whether one is online the coordinator knows. */
export const agents = sqliteTable("agents", {
  id: text("id").primaryKey(),
  label: text("label").notNull(),
  keyHash: text("key_hash").notNull(),
  createdAt: integer("created_at").notNull(),
  revokedAt: integer("revoked_at"),
  /** 0 … 9; a higher one gets jobs first. */
  tier: integer("tier").notNull().default(5),
  state: text("state", { enum: AGENT_STATES }).notNull().default("active"),
  pool: text("pool").notNull().default("main"),
  /** Null: its key was made by hand. */
  enrolledAt: integer("enrolled_at"),
  /** Its first connection; from then on its key is told to nobody. */
  connectedAt: integer("connected_at"),
  /** Of tier, state and revocation: the newest word counts, whichever way it comes. */
  changedAt: integer("changed_at").notNull().default(0),
});

export const ENROLMENT_STATES = ["waiting", "confirmed", "declined"] as const;
export type EnrolmentState = (typeof ENROLMENT_STATES)[number];

/** Machines that ask to become agents, by a code that the operator confirms. Gone a day after they expire. */
export const enrolments = sqliteTable(
  "enrolments",
  {
    code: text("code").primaryKey(),
    pollTokenHash: text("poll_token_hash").notNull(),
    /** The agent's id and its key's hash, should it be confirmed. */
    agentId: text("agent_id").notNull(),
    keyHash: text("key_hash").notNull(),
    label: text("label").notNull(),
    platform: text("platform").notNull(),
    /** Where the asker is, for the operator to judge by. */
    address: text("address").notNull(),
    country: text("country"),
    state: text("state", { enum: ENROLMENT_STATES }).notNull(),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [index("enrolments_by_expiry").on(table.expiresAt)],
);

/** Wrong guesses at the operator's token, by address; a row counts until it ends. */
export const guesses = sqliteTable("guesses", {
  key: text("key").primaryKey(),
  count: integer("count").notNull(),
  endsAt: integer("ends_at").notNull(),
});

/** Bytes used and reserved in each shard, and how its last operations went. */
export const shards = sqliteTable("shards", {
  name: text("name").primaryKey(),
  usedBytes: integer("used_bytes").notNull().default(0),
  failures: integer("failures").notNull().default(0),
  /** Passed over until then, after failures. */
  coolingUntil: integer("cooling_until").notNull().default(0),
});

/** Multipart uploads under way, kept because the local R2 cannot list them; aborted after a day. */
export const multipartUploads = sqliteTable(
  "multipart_uploads",
  {
    uploadId: text("upload_id").notNull(),
    shard: text("shard").notNull(),
    objectKey: text("object_key").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [uniqueIndex("multipart_uploads_key").on(table.shard, table.objectKey, table.uploadId)],
);

export const WEBHOOK_STATES = ["waiting", "delivered", "superseded", "dropped"] as const;

/** Events for the webhook's receiver, sent by the minute's cron until it has taken them. */
export const webhookEvents = sqliteTable(
  "webhook_events",
  {
    /** Sent along: the receiver knows by it what it has had already. */
    id: text("id").primaryKey(),
    type: text("type").notNull(),
    /** Of one topic only the latest is worth sending. */
    topic: text("topic").notNull(),
    /** When began what it tells of. */
    since: integer("since").notNull(),
    body: text("body").notNull(),
    state: text("state", { enum: WEBHOOK_STATES }).notNull(),
    attempts: integer("attempts").notNull().default(0),
    /** Earliest time of the next try. */
    nextAt: integer("next_at").notNull(),
    error: text("error"),
    createdAt: integer("created_at").notNull(),
    settledAt: integer("settled_at"),
  },
  (table) => [
    index("webhook_events_due")
      .on(table.nextAt)
      .where(sql`${table.state} = 'waiting'`),
    index("webhook_events_by_topic").on(table.topic, table.createdAt),
    index("webhook_events_by_age").on(table.createdAt),
  ],
);

/** How a receiver fared, by a hash of its address: another address begins anew. */
export const webhookEndpoints = sqliteTable("webhook_endpoints", {
  key: text("key").primaryKey(),
  deliveredAt: integer("delivered_at"),
  /** Since when nothing has been taken; null: the last one was. */
  failingSince: integer("failing_since"),
  /** Gets nothing any more. */
  disabledAt: integer("disabled_at"),
  error: text("error"),
});
