/** Applies `migrations/*.sql` to a local D1, once each, in the table wrangler uses, so either may go on. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./build-worker.ts";

const JOURNAL = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`;

export async function migrateLocal(database: D1Database): Promise<void> {
  await database.prepare(JOURNAL).run();
  const applied = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const done = new Set(applied.results.map((row) => row.name));
  const folder = join(root, "migrations");
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(".sql") || done.has(name)) continue;
    const statements = readFileSync(join(folder, name), "utf8").split("--> statement-breakpoint");
    await database.batch([
      ...statements.map((statement) => database.prepare(statement.trim())),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ]);
  }
}
