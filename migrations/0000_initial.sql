CREATE TABLE `agents` (
	`id` text PRIMARY KEY NOT NULL,
	`label` text NOT NULL,
	`key_hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE TABLE `files` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`name` text NOT NULL,
	`extension` text NOT NULL,
	`type` text NOT NULL,
	`kind` text NOT NULL,
	`size` integer NOT NULL,
	`sha256` text,
	`shard` text NOT NULL,
	`object_key` text NOT NULL,
	`state` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`delete_key_hash` text NOT NULL,
	`width` integer,
	`height` integer,
	`duration_ms` integer,
	`blurhash` text,
	`thumbhash` text,
	`streams` text,
	`plan_id` text,
	`created_at` integer NOT NULL,
	`stored_at` integer,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE INDEX `files_by_owner` ON `files` (`owner`,`created_at`);--> statement-breakpoint
CREATE INDEX `files_by_state` ON `files` (`state`,`created_at`);--> statement-breakpoint
CREATE TABLE `multipart_uploads` (
	`upload_id` text NOT NULL,
	`shard` text NOT NULL,
	`object_key` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `multipart_uploads_key` ON `multipart_uploads` (`shard`,`object_key`,`upload_id`);--> statement-breakpoint
CREATE TABLE `plans` (
	`id` text PRIMARY KEY NOT NULL,
	`file_id` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `rectangles` (
	`plan_id` text NOT NULL,
	`track` text NOT NULL,
	`job_id` text NOT NULL,
	`file_id` text NOT NULL,
	`object_key` text NOT NULL,
	`size` integer NOT NULL,
	`etag` text NOT NULL,
	`codecs` text NOT NULL,
	`init_offset` integer NOT NULL,
	`init_length` integer NOT NULL,
	`segments` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`plan_id`, `track`, `job_id`)
);
--> statement-breakpoint
CREATE INDEX `rectangles_by_file` ON `rectangles` (`file_id`);--> statement-breakpoint
CREATE TABLE `renditions` (
	`file_id` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`version` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`type` text NOT NULL,
	`width` integer,
	`height` integer,
	`size` integer,
	`object_key` text,
	`etag` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`file_id`, `kind`, `name`)
);
--> statement-breakpoint
CREATE TABLE `shards` (
	`name` text PRIMARY KEY NOT NULL,
	`used_bytes` integer DEFAULT 0 NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`cooling_until` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `work_outbox` (
	`id` text PRIMARY KEY NOT NULL,
	`action` text NOT NULL,
	`file_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`sent_at` integer
);
--> statement-breakpoint
CREATE INDEX `work_outbox_unsent` ON `work_outbox` (`created_at`) WHERE "work_outbox"."sent_at" is null;