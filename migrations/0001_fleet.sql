CREATE TABLE `enrolments` (
	`code` text PRIMARY KEY NOT NULL,
	`poll_token_hash` text NOT NULL,
	`agent_id` text NOT NULL,
	`key_hash` text NOT NULL,
	`label` text NOT NULL,
	`platform` text NOT NULL,
	`address` text NOT NULL,
	`country` text,
	`state` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `enrolments_by_expiry` ON `enrolments` (`expires_at`);--> statement-breakpoint
CREATE TABLE `guesses` (
	`key` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`ends_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `agents` ADD `tier` integer DEFAULT 5 NOT NULL;--> statement-breakpoint
ALTER TABLE `agents` ADD `state` text DEFAULT 'active' NOT NULL;--> statement-breakpoint
ALTER TABLE `agents` ADD `pool` text DEFAULT 'main' NOT NULL;--> statement-breakpoint
ALTER TABLE `agents` ADD `enrolled_at` integer;--> statement-breakpoint
ALTER TABLE `agents` ADD `connected_at` integer;--> statement-breakpoint
ALTER TABLE `agents` ADD `changed_at` integer DEFAULT 0 NOT NULL;