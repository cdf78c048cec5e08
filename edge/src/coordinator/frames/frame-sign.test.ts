/** What `sign` leaves behind where the catalogue fails. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { MULTIPART_THRESHOLD_BYTES } from "#protocol";
import { listMultiparts } from "../../catalog/multipart-uploads.ts";
import { useBench } from "../testing/bench.ts";

const bench = useBench();

test("an upload in parts that the catalogue could not note is begun anew, and noted, when it is asked for again", async () => {
  const { db } = bench.edge;
  const agent = await bench.agent();
  await bench.file("image");
  const { lease } = await agent.grant("image");
  const outputs = [{ name: "preview.webp", size: MULTIPART_THRESHOLD_BYTES + 1, type: "image/webp" }];
  const sign = { type: "sign" as const, lease, inputs: [], outputs, parts: [] };
  await db.run(sql`alter table multipart_uploads rename to away`);
  expect(await agent.ask(sign)).toMatchObject({ type: "error" });
  await db.run(sql`alter table away rename to multipart_uploads`);
  expect(await agent.ask(sign)).toMatchObject({ type: "signed" });
  // Only by its row the sweep finds it, should the attempt be lost.
  expect(await listMultiparts(db, Date.now() + 1_000, 10)).toHaveLength(1);
});
