/** What becomes of several files is told to the catalogue in one batch, of each its own. */
import { expect, test } from "vitest";
import { findFile } from "../../catalog/files.ts";
import { listRenditions } from "../../catalog/renditions.ts";
import { useBench } from "../testing/bench.ts";
import { eventually } from "../testing/test-agent.ts";

const bench = useBench();

test("files that ended each in its way, told together: each has its own end", async () => {
  const agent = await bench.agent(["image"]);
  const files: string[] = [];
  for (const reason of [null, "It is broken.", null, "It is cut off."]) {
    files.push(await bench.file("image"));
    const grant = await agent.grant("image");
    const { lease } = grant;
    if (reason === null) await bench.finish(agent, grant);
    else await agent.ask({ type: "fail", lease, class: "permanent", code: "corrupt", message: reason });
    agent.ready();
  }
  await eventually(async () => (await ends(files)).every(({ status }) => status !== "processing"));
  const before = await ends(files);

  // As if the catalogue had lost it: all of it is due at once.
  await bench.edge.db.$client.exec(`
    update files set status = 'processing', reason = null;
    update renditions set state = 'waiting', reason = null where object_key is null`);
  await bench.edge.sql(
    "insert into outbox (fileId, jobId, tries, notBefore, createdAt) select fileId, id, 0, 0, 0 from jobs",
  );
  await bench.edge.calls.tick(Date.now());

  expect(await ends(files)).toEqual(before);
  expect(before.map(({ status, reason }) => [status, reason])).toEqual([
    ["ready", null],
    ["failed", "It is broken."],
    ["ready", null],
    ["failed", "It is cut off."],
  ]);
});

async function ends(files: readonly string[]) {
  return Promise.all(
    files.map(async (fileId) => {
      const file = await findFile(bench.edge.db, fileId);
      const renditions = await listRenditions(bench.edge.db, fileId);
      const states = renditions.map(({ name, state, reason }) => ({ name, state, reason }));
      return { status: file?.status, reason: file?.reason, states };
    }),
  );
}
