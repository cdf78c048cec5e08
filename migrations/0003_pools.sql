ALTER TABLE `files` ADD `pool` text DEFAULT 'main' NOT NULL;--> statement-breakpoint
CREATE INDEX `files_by_pool` ON `files` (`pool`) WHERE "files"."pool" <> 'main';