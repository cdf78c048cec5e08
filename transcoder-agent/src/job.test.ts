import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { abortable } from "./abort.ts";
import { DISK_MARGIN_BYTES, demandRoom } from "./machine/disk.ts";
import { Abandoned, JobError } from "./errors.ts";
import { INPUT_BYTES, JobBench, product, RESULT } from "./rehearsal/job-bench.ts";
import { patternBytes } from "./rehearsal/storage.ts";
import { until } from "./rehearsal/until.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.start();
});
afterEach(() => bench.stop());

async function run(...what: Parameters<JobBench["run"]>): Promise<void> {
  expect(await bench.run(...what)).toEqual([]);
}

test("a job reads its input, uploads what it makes and reports it", async () => {
  const bytes = randomBytes(300_000);
  await run(async (context) => {
    const source = await context.source();
    expect((await readFile(await source.download())).equals(patternBytes(0, INPUT_BYTES))).toBe(true);
    context.deliver(await product(context, "thumbnail.webp", bytes));
    context.deliver(await product(context, "preview.webp", bytes.subarray(10)));
  });
  expect(bench.storage.objects.get("/thumbnail.webp")).toEqual(bytes);
  const [complete] = bench.coordinator.of("complete");
  expect(complete).toMatchObject({ lease: { job: "main.1", epoch: 1 }, result: RESULT });
  expect(complete?.objects.map(({ name, size, etag }) => [name, size, etag.length])).toEqual([
    ["thumbnail.webp", 300_000, 32],
    ["preview.webp", 299_990, 32],
  ]);
});

test("the slot is free again while the last uploads go out", async () => {
  let processed = false;
  bench.storage.fault = async ({ method }) => {
    if (method === "PUT") await until("the slot is free", () => processed);
    return false;
  };
  await run(async (context) => context.deliver(await product(context, "thumbnail.webp", randomBytes(10))), {
    processed: () => (processed = true),
  });
  expect(bench.coordinator.of("complete")).toHaveLength(1);
});

test("an encoder of cores that is about to end makes room for the next, one of a GPU does not", async () => {
  const freed: string[] = [];
  for (const slot of ["cpu", "gpu"] as const) {
    await run(
      (context) => {
        context.easing();
        if (slot === "cpu") expect(freed).toEqual(["cpu"]);
        else expect(freed).not.toContain("gpu");
        return Promise.resolve();
      },
      { grant: { slot }, processed: () => freed.push(slot) },
    );
  }
  // Each at last.
  expect(new Set(freed)).toEqual(new Set(["cpu", "gpu"]));
});

test.each([
  [
    new JobError("corrupt", "No picture in it."),
    { class: "permanent", code: "corrupt", message: "No picture in it." },
  ],
  [
    new JobError("encoder_gone", "The GPU went away."),
    { class: "agent_fault", code: "encoder_gone", message: "The GPU went away." },
  ],
  [Object.assign(new Error("write"), { code: "ENOSPC" }), { class: "agent_fault", code: "disk_full" }],
])("a failure is reported with its class: %s", async (failure, expected) => {
  await run(() => Promise.reject(failure));
  expect(bench.coordinator.of("fail")).toMatchObject([expected]);
  expect(bench.coordinator.of("complete")).toEqual([]);
});

test("what nobody foresaw counts as crashed, and tells neither paths nor signatures", async () => {
  await run(async (context) => {
    throw new TypeError(`cannot read ${context.workspace}/x of https://storage/o?signature=secret`);
  });
  const [fail] = bench.coordinator.of("fail");
  expect(fail).toMatchObject({
    class: "transient",
    code: "crashed",
    message: expect.stringContaining("cannot read"),
  });
  expect(fail?.message).not.toContain(bench.root);
  expect(fail?.message).not.toContain("secret");
});

test("a tool that dies of a broken input does not make the file corrupt", async () => {
  await run(
    async (context) => {
      await fetch((await context.source()).url)
        .then((answer) => answer.arrayBuffer())
        .catch(() => undefined);
      throw new JobError("corrupt", "moov atom not found");
    },
    { grant: { inputs: [{ name: "original", size: 10, url: bench.storage.url("/gone") }] } },
  );
  expect(bench.coordinator.of("fail")).toMatchObject([{ code: "source_gone" }]);
});

test("a dropped job reports nothing and leaves nothing", async () => {
  const control = new AbortController();
  await run(
    async (context) => {
      context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
      control.abort(new Abandoned("cancelled"));
      await abortable(new Promise(() => undefined), context.signal);
    },
    { signal: control.signal },
  );
  expect([
    ...bench.coordinator.of("fail"),
    ...bench.coordinator.of("complete"),
    ...bench.coordinator.of("release"),
  ]).toEqual([]);
});

test("a job dropped while the line is away ends without an answer", async () => {
  const control = new AbortController();
  bench.coordinator.answers.sign = () => null;
  await run(
    async (context) => {
      context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
      await bench.coordinator.nth("sign");
      bench.coordinator.refusal = { status: 503, body: "" };
      bench.coordinator.drop();
      setTimeout(() => control.abort(new Abandoned("cut off")), 20);
    },
    { signal: control.signal },
  );
  expect(bench.coordinator.of("complete")).toEqual([]);
});

test("a lease that turns out stale while signing drops the job", async () => {
  bench.coordinator.answers.sign = ({ seq }) => ({
    type: "refused",
    re: seq,
    reason: "stale",
    message: "given away",
  });
  await run(async (context) => context.deliver(await product(context, "thumbnail.webp", randomBytes(10))));
  expect(bench.coordinator.of("fail")).toEqual([]);
});

test("an edge that could not answer just now is asked again", async () => {
  let faults = 1;
  bench.coordinator.answers.complete = ({ seq }) =>
    faults-- > 0 ? { type: "error", re: seq, message: "ask again" } : { type: "accepted", re: seq };
  await run(async (context) => context.deliver(await product(context, "thumbnail.webp", randomBytes(10))));
  expect(bench.coordinator.of("complete")).toHaveLength(2);
  expect(bench.coordinator.of("fail")).toEqual([]);
});

test("what fails while the agent stops is given back, unless the file is at fault", async () => {
  const stopping = () => true;
  await run(() => Promise.reject(new JobError("crashed", "ended by SIGINT")), { stopping });
  expect(bench.coordinator.of("release")).toHaveLength(1);
  await run(() => Promise.reject(new JobError("corrupt", "no")), { stopping });
  expect(bench.coordinator.of("fail")).toHaveLength(1);
});

test("an attempt past its deadline is reported as a timeout", async () => {
  const control = new AbortController();
  setTimeout(() => control.abort(new JobError("timeout", "too long")), 10);
  await run((context) => abortable(new Promise(() => undefined), context.signal), { signal: control.signal });
  expect(bench.coordinator.of("fail")).toMatchObject([{ code: "timeout" }]);
});

test("a result too large for a frame fails for good", async () => {
  const result = { ...RESULT, hashes: { blurhash: "L".repeat(70_000), thumbhash: "" } };
  await run(async () => undefined, { result });
  expect(bench.coordinator.of("fail")).toMatchObject([{ class: "permanent", code: "too_large" }]);
});

test("a job that would not fit the disk is not begun", async () => {
  expect(() => demandRoom(DISK_MARGIN_BYTES + 9, 10)).toThrow(JobError);
  expect(() => demandRoom(DISK_MARGIN_BYTES + 10, 10)).not.toThrow();
  const huge = { inputs: [{ name: "original", size: 2 ** 52, url: bench.storage.url("/o") }] };
  await run(() => Promise.reject(new Error("never begun")), { grant: huge });
  expect(bench.coordinator.of("fail")).toMatchObject([{ class: "agent_fault", code: "disk_full" }]);
  // Nothing of it was fetched to find that out.
  expect(bench.storage.asked).toEqual([]);
});
