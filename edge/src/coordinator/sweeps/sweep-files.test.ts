/** Lost files among many that merely wait: the real catalogue, and coordinators that say who is busy. */
import { sql } from "drizzle-orm";
import { afterEach, expect, test } from "vitest";
import { unsettledSql } from "../../catalog/sweeps.ts";
import { HOUR, type Config } from "../../config.ts";
import { files } from "../../db/schema.ts";
import { useBench } from "../testing/bench.ts";
import { resendLost } from "./sweep-files.ts";

const bench = useBench();
/** More than two pages. */
const WAITING = 1_100;

afterEach(() => bench.edge.db.delete(files));

/** Copies of a file's row that only differ in id, pool and time. */
async function addLike(id: string, count: number, pool: string, storedAt: number): Promise<void> {
  const columns = await bench.edge.db.all<{ name: string }>(sql`pragma table_info(files)`);
  const names = columns.map(({ name }) => name).filter((name) => name !== "files");
  const changed: Record<string, string> = {
    id: `'${pool}' || n`,
    pool: `'${pool}'`,
    stored_at: `${storedAt}`,
  };
  await bench.edge.db.run(
    sql.raw(`with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${count})
      insert into files (${names.join(", ")})
      select ${names.map((name) => changed[name] ?? `files.${name}`).join(", ")} from files, numbers
      where files.id = '${id}'`),
  );
}

/** What the coordinators are told to begin anew; they know no file, and `busy` says whose files merely wait. */
async function sweep(busy: (fileId: string) => boolean, away = ""): Promise<string[]> {
  const begun: string[] = [];
  const coordinator = (pool: string) => ({
    busyFiles: async (ids: string[]) => {
      if (pool === away) throw new Error("away");
      return ids.filter(busy);
    },
    addRungs: async () => false,
    resend: async () => false,
    enqueueFile: async (fileId: string) => void begun.push(fileId),
  });
  const env = { COORDINATOR: { getByName: coordinator } } as unknown as Env;
  const { db } = bench.edge;
  const config = { logLevel: "silent" } as Config;
  const swept = resendLost({ env, config, db, now: Date.now() + HOUR, pools: [], helped: new Set() });
  if (away === "") await swept;
  else await expect(swept).rejects.toThrow("away");
  return begun;
}

test("a lost file is found behind however many older ones that merely wait", async () => {
  const { file } = await bench.edge.storeFile("image");
  await addLike(file.id, WAITING, "main", 1);
  expect(await sweep((id) => id !== file.id)).toEqual([file.id]);
  expect(await sweep(() => true)).toEqual([]);
});

test("of many lost ones a pass begins no more than it can bear, the oldest first", async () => {
  const { file } = await bench.edge.storeFile("image");
  await addLike(file.id, WAITING, "main", 1);
  const begun = await sweep(() => false);
  expect(begun).toHaveLength(500);
  expect(begun).not.toContain(file.id);
});

test("a pool that does not answer keeps no other's files back", async () => {
  const { file } = await bench.edge.storeFile("image");
  await addLike(file.id, WAITING, "former", 1);
  expect(await sweep(() => false, "former")).toEqual([file.id]);
});

test("they are read along the index of just them", async () => {
  const last = { id: "x", pool: "main", storedAt: 1 };
  const plan = await bench.edge.db.all<{ detail: string }>(
    sql`explain query plan ${unsettledSql(2, 500, last)}`,
  );
  expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining("files_unsettled")]);
});
