/** Uploads that nobody finishes, on the real catalogue and a bucket that answers as the test says. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { listMultiparts, noteMultipart } from "../../catalog/multipart-uploads.ts";
import { startTestEdge, type TestEdge } from "../testing/edge.ts";
import type { Sweep } from "./scheduled.ts";
import { abortOldUploads } from "./sweep-uploads.ts";

const NOW = Date.UTC(2026, 10, 30);
const SHARD = "weur";
const UPLOAD = { uploadId: "u", shard: SHARD, objectKey: "r/file/mp4/all/1-a/mp4" };

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge({ LOG_LEVEL: "silent" });
});
afterAll(() => edge.stop());

/** Answers whether its row is still there afterwards. */
async function sweepWhere(abort: () => Promise<void>): Promise<boolean> {
  const bucket = { resumeMultipartUpload: () => ({ abort }), createMultipartUpload: () => {} };
  const env: unknown = { [SHARD]: bucket };
  await noteMultipart(edge.db, UPLOAD, 0);
  await abortOldUploads({ env, config: { logLevel: "silent" }, db: edge.db, now: NOW } as Sweep);
  return (await listMultiparts(edge.db, NOW, 10)).length > 0;
}

test("an upload that could not be ended now is tried again, one that is over is forgotten", async () => {
  const fails = (text: string) => () => Promise.reject(new Error(text));
  expect(await sweepWhere(fails("abort: We encountered an internal error. (10001)"))).toBe(true);
  expect(await sweepWhere(fails("The specified multipart upload does not exist. (10024)"))).toBe(false);
  expect(await sweepWhere(() => Promise.resolve())).toBe(false);
});
