import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startLocalEdge } from "./local-edge.ts";

const dataDir = await mkdtemp(join(tmpdir(), "capcloud-edge-"));
afterAll(() => rm(dataDir, { recursive: true, force: true }));

test("rows and objects survive a restart of the local edge, and its cron handler runs", async () => {
  const first = await startLocalEdge({ dataDir });
  const database = await first.database();
  await database
    .prepare("INSERT INTO agents (id, label, key_hash, created_at) VALUES ('a', 'l', 'h', 1)")
    .run();
  await (await first.bucket("SHARD_ENAM")).put("kept", "bytes");
  await first.stop();

  const second = await startLocalEdge({ dataDir });
  try {
    const row = await (
      await second.database()
    )
      .prepare("SELECT label FROM agents")
      .first<{ label: string }>();
    expect(row?.label).toBe("l");
    const object = await (await second.bucket("SHARD_ENAM")).get("kept");
    expect(await object?.text()).toBe("bytes");
    await second.scheduled();
  } finally {
    await second.stop();
  }
});
