/** From "I am done" to done, in real workerd and on real (local) R2: what is missing, different, large or late. */
import { describe, expect, test } from "vitest";
import { MULTIPART_THRESHOLD_BYTES, PART_BYTES, type Signed } from "#protocol";
import { deleteFile, findFile } from "../../catalog/files.ts";
import { listMultiparts } from "../../catalog/multipart-uploads.ts";
import { listRenditions } from "../../catalog/renditions.ts";
import { MINUTE } from "../../config.ts";
import { toStoredFile } from "../plans/stored-file.ts";
import { useBench } from "../testing/bench.ts";
import { FRAME_RATE, makeResult, object } from "../testing/results.ts";
import { eventually } from "../testing/test-agent.ts";

const bench = useBench();
const stateOf = async (fileId: string) => (await bench.edge.jobs(fileId)).map((job) => job["state"]);

describe("objects", () => {
  test("that were never uploaded make the job run again, with a new prefix", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    const { uploads, result } = makeResult(grant);
    const outputs = uploads.map(({ name, type, bytes }) => ({ name, type, size: bytes.length }));
    await agent.ask({ type: "sign", lease: grant.lease, inputs: [], outputs, parts: [] });
    const named = outputs.map(({ name, size }) => ({ name, size, etag: "" }));
    expect(await agent.complete(grant.lease, named, result)).toMatchObject({ type: "accepted" });
    await eventually(async () => (await stateOf(fileId))[0] === "retry_wait");
    agent.ready();
    await bench.edge.calls.tick(Date.now() + MINUTE);
    await bench.finish(agent, await agent.grant("image"));
    await eventually(async () => (await stateOf(fileId))[0] === "done");
    expect(await listRenditions(bench.edge.db, fileId)).toSatisfy((rows: { objectKey: string | null }[]) =>
      rows.every(({ objectKey }) => objectKey?.includes("/2-")),
    );
  });

  test.each([
    ["another size", { size: 71 }],
    ["another content", { etag: "0123456789abcdef0123456789abcdef" }],
  ])("with %s than announced are not taken", async (_, change) => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    const { uploads, result } = makeResult(grant);
    const [first, ...others] = await agent.upload(grant.lease, uploads);
    if (!first) throw new Error("nothing uploaded");
    await agent.complete(grant.lease, [{ ...first, ...change }, ...others], result);
    await eventually(async () => (await stateOf(fileId))[0] === "retry_wait");
    expect((await listRenditions(bench.edge.db, fileId)).every(({ state }) => state === "waiting")).toBe(
      true,
    );
  });

  test("of an earlier attempt do not count for the next", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const first = await agent.grant("image");
    const { uploads, result } = makeResult(first);
    const objects = await agent.upload(first.lease, uploads);
    await agent.ask({ type: "release", lease: first.lease });
    agent.ready();
    const second = await agent.grant("image");
    expect(await agent.complete(second.lease, objects, result)).toMatchObject({ type: "accepted" });
    await eventually(async () => (await stateOf(fileId))[0] === "retry_wait");
  });

  test("of another file cannot be passed off as one's own", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    const { uploads, result } = makeResult(grant);
    await bench.edge.bucket.put(`r/${fileId}/image-x/all/1-x/thumbnail.webp`, new Uint8Array(70));
    const named = uploads.map(({ name, bytes }) => ({ name, size: bytes.length, etag: "" }));
    await agent.complete(grant.lease, named, result);
    await eventually(async () => (await stateOf(fileId))[0] === "retry_wait");
  });

  test("a result that contradicts its recipe is refused, and charged as a failure", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    const { uploads, result } = makeResult({ recipe: { kind: "inspect", media: "video" } });
    const named = uploads.map(({ name, bytes }) => ({ name, size: bytes.length, etag: "" }));
    expect(await agent.complete(grant.lease, named, result)).toMatchObject({
      ...{ type: "refused", reason: "invalid" },
    });
    expect(await stateOf(fileId)).toEqual(["retry_wait"]);
  });
});

test("a restart between completion and verification delays nothing", async () => {
  const agent = await bench.agent();
  const fileId = await bench.file("image");
  const { lease, recipe } = await agent.grant("image");
  const { uploads, result } = makeResult({ recipe });
  const manifest = JSON.stringify({ objects: await agent.upload(lease, uploads), result });
  const committing = "update jobs set state = 'committing', notBefore = 9e12, manifest = ? where fileId = ?";
  await bench.edge.sql(committing, manifest, fileId);
  await bench.edge.evict("hibernate");
  await bench.edge.calls.status();
  await eventually(async () => (await stateOf(fileId))[0] === "done");
});

describe("a large object", () => {
  const size = MULTIPART_THRESHOLD_BYTES + 1_000;

  async function uploadParts() {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const { lease } = await agent.grant("image");
    const thumbnail = object("thumbnail.webp", "image/webp", 70);
    const [small] = await agent.upload(lease, [thumbnail]);
    const outputs = [{ name: "preview.webp", size, type: "image/webp" }];
    const begun = await agent.ask({ type: "sign", lease, inputs: [], outputs, parts: [] });
    expect(begun).toMatchObject({
      outputs: { "preview.webp": { multipart: { partBytes: PART_BYTES, parts: 3 } } },
    });
    const numbers = [1, 2, 3];
    const asked = { inputs: [], outputs: [], parts: [{ name: "preview.webp", numbers }] };
    const signed = (await agent.ask({ type: "sign", lease, ...asked })) as Signed;
    const parts = await Promise.all(
      (signed.parts["preview.webp"] ?? []).map(async ({ number, put }) => {
        const body = new Uint8Array(number < 3 ? PART_BYTES : size - 2 * PART_BYTES);
        const response = await fetch(put.url, { method: "PUT", headers: put.headers, body });
        expect(response.ok).toBe(true);
        return { number, etag: (response.headers.get("etag") ?? "").replaceAll('"', "") };
      }),
    );
    const objects = [...(small ? [small] : []), { name: "preview.webp", size, etag: "", parts }];
    const { result } = makeResult({ recipe: { kind: "image", animated: false } });
    return { agent, fileId, lease, objects, result };
  }

  test("goes up in parts that the coordinator puts together", async () => {
    const { agent, fileId, lease, objects, result } = await uploadParts();
    expect(await listMultiparts(bench.edge.db, Date.now() + 1_000, 10)).toHaveLength(1);
    await agent.complete(lease, objects, result);
    const preview = await eventually(async () => {
      const rows = await listRenditions(bench.edge.db, fileId);
      return rows.find(({ kind, state }) => kind === "preview" && state === "ready") ?? null;
    });
    expect((await bench.edge.bucket.head(preview.objectKey ?? ""))?.size).toBe(size);
    expect(await listMultiparts(bench.edge.db, Date.now() + 1_000, 10)).toHaveLength(0);
  });

  test("that was put together already, its answer lost, is found by HEAD", async () => {
    const { agent, fileId, lease, objects, result } = await uploadParts();
    const [wish] = await bench.edge.sql("select * from wishes where uploadId is not null");
    const parts = objects.flatMap((one) => ("parts" in one ? (one.parts ?? []) : []));
    await bench.edge.bucket
      .resumeMultipartUpload(String(wish?.["key"]), String(wish?.["uploadId"]))
      .complete(parts.map(({ number, etag }) => ({ partNumber: number, etag })));
    await agent.complete(lease, objects, result);
    await eventually(async () => (await stateOf(fileId))[0] === "done");
  });

  test("whose parts are not those that were uploaded is missing", async () => {
    const { agent, fileId, lease, objects, result } = await uploadParts();
    const wrong = objects.map((one) =>
      "parts" in one ? { ...one, parts: [{ number: 1, etag: "0".repeat(32) }] } : one,
    );
    await agent.complete(lease, wrong, result);
    await eventually(async () => (await stateOf(fileId))[0] === "retry_wait");
  });
});

describe("a file deleted", () => {
  async function remove(fileId: string) {
    const file = await findFile(bench.edge.db, fileId);
    if (file) await deleteFile(bench.edge.db, file, Date.now());
    await bench.edge.calls.cancelFile(fileId);
  }

  test("while an agent works on it: the agent hears of it, and nothing comes back to life", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    const { uploads, result } = makeResult(grant);
    const objects = await agent.upload(grant.lease, uploads);
    await remove(fileId);
    expect(await agent.until(({ type }) => type === "cancel")).toMatchObject({ jobs: [grant.lease.job] });
    expect(await agent.complete(grant.lease, objects, result)).toMatchObject({ reason: "stale" });
    expect(await listRenditions(bench.edge.db, fileId)).toEqual([]);
    expect(await findFile(bench.edge.db, fileId)).toMatchObject({ state: "deleted" });
  });

  test("right after a completion: the commit finds it cancelled", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    const { uploads, result } = makeResult(grant);
    const objects = await agent.upload(grant.lease, uploads);
    const [, answer] = await Promise.all([remove(fileId), agent.complete(grant.lease, objects, result)]);
    expect(["accepted", "refused"]).toContain(answer.type);
    await eventually(async () => (await bench.edge.sql("select * from outbox")).length === 0);
    expect(await listRenditions(bench.edge.db, fileId)).toEqual([]);
    expect(await findFile(bench.edge.db, fileId)).toMatchObject({ state: "deleted" });
  });

  test("before we heard of it: the late word brings no job", async () => {
    const { file, outboxId } = await bench.edge.storeFile("image");
    await bench.edge.calls.cancelFile(file.id);
    expect(await bench.edge.calls.enqueueFile(file.id, outboxId, toStoredFile(file))).toEqual([]);
    expect(await bench.edge.jobs(file.id)).toEqual([]);
    expect(await listRenditions(bench.edge.db, file.id)).toEqual([]);
  });
});

describe("a film", () => {
  test("whose frames fall short is partial, with the reason", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("video");
    for (;;) {
      const grant = await agent.grant();
      const { uploads, result } = makeResult(grant, 8);
      if (result.kind === "video")
        for (const rung of result.rungs) rung.frames -= rung.name === "720" ? 1 : 0;
      const objects = uploads.length > 0 ? await agent.upload(grant.lease, uploads) : [];
      await agent.complete(grant.lease, objects, result);
      agent.ready();
      if (grant.recipe.kind === "mp4") break;
    }
    const file = await eventually(async () => {
      const row = await findFile(bench.edge.db, fileId);
      return row && row.status !== "processing" ? row : null;
    });
    expect(file).toMatchObject({ status: "partial" });
    expect(file.reason).toContain(`of ${8 * FRAME_RATE} frames`);
  });

  test("that cannot be inspected has failed, and nothing waits for ever", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("video");
    const bad = { class: "permanent", code: "corrupt", message: "It has no moov." } as const;
    for (const kind of ["inspect", "stills"] as const) {
      const { lease } = await agent.grant(kind);
      await agent.ask({ type: "fail", lease, ...bad });
    }
    const file = await eventually(async () => {
      const row = await findFile(bench.edge.db, fileId);
      return row && row.status !== "processing" ? row : null;
    });
    expect(file).toMatchObject({ status: "failed", reason: "It has no moov." });
    const states = (await listRenditions(bench.edge.db, fileId)).map(({ state }) => state);
    expect(states).toEqual(["failed", "failed"]);
  });

  test("with one rectangle that cannot be made keeps the rest and gives the mp4 up", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("video");
    const bad = { class: "permanent", code: "corrupt", message: "Damaged here." } as const;
    await eventually(async () => {
      for (const grant of agent.grants().slice(seen.length)) {
        seen.push(grant.lease.job);
        const { uploads, result } = makeResult(grant, 8);
        const spoilt = grant.recipe.kind === "video" && grant.recipe.segments[0] === 1;
        if (spoilt) await agent.ask({ type: "fail", lease: grant.lease, ...bad });
        else await agent.complete(grant.lease, await agent.upload(grant.lease, uploads), result);
        agent.ready();
      }
      return (await findFile(bench.edge.db, fileId))?.status === "partial";
    });
    const states = (await listRenditions(bench.edge.db, fileId)).map(({ kind, state }) => `${kind} ${state}`);
    expect(states.sort()).toEqual([
      ...[
        "mp4 failed",
        "poster ready",
        "rung failed",
        "rung failed",
        "storyboard failed",
        "thumbnail ready",
        "track ready",
      ],
    ]);
  });
  const seen: string[] = [];
});
