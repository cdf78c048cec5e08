CREATE TABLE `webhook_endpoints` (
	`key` text PRIMARY KEY NOT NULL,
	`delivered_at` integer,
	`failing_since` integer,
	`disabled_at` integer,
	`error` text
);
--> statement-breakpoint
CREATE TABLE `webhook_events` (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`topic` text NOT NULL,
	`since` integer NOT NULL,
	`body` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`next_at` integer NOT NULL,
	`error` text,
	`created_at` integer NOT NULL,
	`settled_at` integer
);
--> statement-breakpoint
CREATE INDEX `webhook_events_due` ON `webhook_events` (`next_at`) WHERE "webhook_events"."state" = 'waiting';--> statement-breakpoint
CREATE INDEX `webhook_events_by_topic` ON `webhook_events` (`topic`,`created_at`);--> statement-breakpoint
CREATE INDEX `webhook_events_by_age` ON `webhook_events` (`created_at`);