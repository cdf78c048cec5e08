import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { abortable } from "./abort.ts";
import { Connection } from "./connection.ts";
import { DISK_MARGIN_BYTES, demandRoom } from "./disk.ts";
import { Abandoned, JobError } from "./errors.ts";
import { SOFTWARE } from "./ffmpeg/h264.ts";
import { Gate } from "./gate.ts";
import { runJob, type Attempt, type JobTools } from "./job.ts";
import { PATIENCE } from "./patience.ts";
import type { JobContext, Product } from "./processors/processor.ts";
import type { Grant, ImageResult, LeaseRef } from "./protocol.ts";
import { RehearsalCoordinator } from "./rehearsal/coordinator.ts";
import { silentLog } from "./rehearsal/log.ts";
import { Storage, patternBytes } from "./rehearsal/storage.ts";
import { until } from "./rehearsal/until.ts";
import { Inputs } from "./source/inputs.ts";
import { SourceServer } from "./source/server.ts";
import { Transfer } from "./transfer.ts";
import { Workspace } from "./workspace.ts";

const MIB = 1_024 * 1_024;
const RESULT: ImageResult = {
  kind: "image",
  width: 1,
  height: 1,
  thumbnail: { object: "thumbnail.webp", width: 1, height: 1 },
  preview: { object: "preview.webp", width: 1, height: 1 },
  mp4: null,
  hashes: { blurhash: "L", thumbhash: "t" },
};

let coordinator: RehearsalCoordinator;
let storage: Storage;
let connection: Connection;
let server: SourceServer;
let transfer: Transfer;
let inputs: Inputs;
let workspace: Workspace;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "job-"));
  [coordinator, storage] = await Promise.all([RehearsalCoordinator.start(), Storage.start()]);
  coordinator.sign = (name) => storage.url(`/${name}`);
  server = await SourceServer.start(silentLog);
  transfer = new Transfer({ patience: { ...PATIENCE, firstMs: 1, slowestMs: 5, unreachableMs: 500 } });
  workspace = await Workspace.open(root);
  inputs = new Inputs({ folder: workspace.inputs, server, transfer, gate: new Gate(4) });
  connection = new Connection({
    url: coordinator.url,
    key: "key",
    introduction: {
      agentVersion: "0",
      bootId: "boot",
      label: "here",
      capabilities: {
        kinds: ["image"],
        encoders: [],
        ffmpeg: "7",
        cores: 2,
        memoryBytes: 1,
        platform: "linux",
      },
      slots: { gpu: 0, cpu: 1, io: 1 },
    },
    log: silentLog,
    reconnect: { firstMs: 2, slowestMs: 10 },
  });
  connection.start({
    held: () => [],
    welcomed: () => undefined,
    granted: () => undefined,
    cancelled: () => undefined,
    renewed: () => undefined,
    drained: () => undefined,
    cutOff: () => undefined,
    stopped: () => undefined,
  });
  storage.make("/o", MIB, patternBytes);
});
afterEach(async () => {
  await connection.stop();
  await inputs.close();
  await server.close();
  await transfer.close();
  await Promise.all([coordinator.stop(), storage.stop()]);
  await workspace.close();
  await rm(root, { recursive: true, force: true });
});

/** Runs one job whose renditions are made by `process`. */
async function run(
  process: (context: JobContext) => Promise<void>,
  more: Partial<Omit<Attempt, "grant">> & { grant?: Partial<Grant> } = {},
) {
  const lease: LeaseRef = { job: "main.1", epoch: 1, secret: "s" };
  const grant: Grant = {
    type: "grant",
    seq: 1,
    lease,
    leaseMs: 90_000,
    deadlineMs: 600_000,
    slot: "cpu",
    recipe: { kind: "image", animated: false },
    inputs: [{ name: "original", size: MIB, url: storage.url("/o") }],
    ...more.grant,
  };
  const tools: JobTools = {
    ask: (question) => connection.ask(question),
    transfer,
    inputs,
    workspace,
    sending: new Gate(4),
    encoders: [SOFTWARE],
    process: async (_recipe, context) => {
      await process(context);
      return RESULT;
    },
    log: silentLog,
  };
  await runJob(
    {
      signal: new AbortController().signal,
      lease: () => lease,
      progress: () => undefined,
      processed: () => undefined,
      stopping: () => false,
      ...more,
      grant,
    },
    tools,
  );
  expect(await readdir(join(root, "capcloud-scratch", "jobs"))).toEqual([]);
}

async function product(context: JobContext, name: string, bytes: Buffer): Promise<Product> {
  const path = join(context.workspace, name);
  await writeFile(path, bytes);
  return { name, type: "image/webp", path };
}

test("a job reads its input, uploads what it makes and reports it", async () => {
  const bytes = randomBytes(300_000);
  await run(async (context) => {
    const source = await context.source();
    expect((await readFile(await source.download())).equals(patternBytes(0, MIB))).toBe(true);
    context.deliver(await product(context, "thumbnail.webp", bytes));
    context.deliver(await product(context, "preview.webp", bytes.subarray(10)));
  });
  expect(storage.objects.get("/thumbnail.webp")).toEqual(bytes);
  const [complete] = coordinator.of("complete");
  expect(complete).toMatchObject({ lease: { job: "main.1", epoch: 1 }, result: RESULT });
  expect(complete?.objects.map(({ name, size, etag }) => [name, size, etag.length])).toEqual([
    ["thumbnail.webp", 300_000, 32],
    ["preview.webp", 299_990, 32],
  ]);
});

test("uploads go out while the job is still at work", async () => {
  await run(async (context) => {
    context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
    await until("the object", () => storage.objects.has("/thumbnail.webp"));
  });
  expect(coordinator.of("complete")).toHaveLength(1);
});

test("the slot is free again while the last uploads go out", async () => {
  let processed = false;
  storage.fault = async ({ method }) => {
    if (method === "PUT") await until("the slot is free", () => processed);
    return false;
  };
  await run(async (context) => context.deliver(await product(context, "thumbnail.webp", randomBytes(10))), {
    processed: () => (processed = true),
  });
  expect(coordinator.of("complete")).toHaveLength(1);
});

test("many products are signed in frames of at most 32", async () => {
  await run(async (context) => {
    const products = [];
    for (let index = 0; index < 70; index++)
      products.push(await product(context, `${index}.webp`, randomBytes(9)));
    for (const one of products) context.deliver(one);
  });
  const batches = coordinator.of("sign").map(({ outputs }) => outputs.length);
  expect(Math.max(...batches)).toBe(32);
  expect(batches.reduce((sum, length) => sum + length)).toBe(70);
  expect(coordinator.of("complete")[0]?.objects).toHaveLength(70);
});

test("a large object goes in parts, a few at a time, and names their etags", async () => {
  const bytes = randomBytes(2_500_000);
  const partBytes = 100_000;
  let [now, most] = [0, 0];
  storage.fault = async ({ method }) => {
    if (method !== "PUT") return false;
    most = Math.max(most, (now += 1));
    await until("another part", () => most > 1);
    now -= 1;
    return false;
  };
  const usual = coordinator.answers.sign;
  coordinator.answers.sign = (frame) => {
    if (frame.outputs.length === 0) return signParts(frame);
    expect(usual).toBeUndefined();
    return {
      type: "signed",
      re: frame.seq,
      inputs: {},
      outputs: { "720.mp4": { multipart: { partBytes, parts: 25 } } },
      parts: {},
    };
  };
  await run(async (context) => context.deliver(await product(context, "720.mp4", bytes)));
  const object = coordinator.of("complete")[0]?.objects[0];
  expect(object).toMatchObject({ name: "720.mp4", size: 2_500_000, etag: "" });
  expect(object?.parts?.map(({ number }) => number)).toEqual(
    Array.from({ length: 25 }, (_, index) => index + 1),
  );
  const joined = Array.from(
    { length: 25 },
    (_, index) => storage.objects.get(`/720.mp4.${index + 1}`) ?? Buffer.of(),
  );
  expect(Buffer.concat(joined).equals(bytes)).toBe(true);
  expect(
    Math.max(...coordinator.of("sign").flatMap(({ parts }) => parts.map(({ numbers }) => numbers.length))),
  ).toBe(8);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(3);
});

function signParts({ seq, parts }: { seq: number; parts: { name: string; numbers: number[] }[] }) {
  const put = (name: string, number: number) => ({ url: storage.url(`/${name}.${number}`), headers: {} });
  return {
    type: "signed" as const,
    re: seq,
    inputs: {},
    outputs: {},
    parts: Object.fromEntries(
      parts.map(({ name, numbers }) => [name, numbers.map((number) => ({ number, put: put(name, number) }))]),
    ),
  };
}

test("an address that ran out is signed anew, for objects and for inputs", async () => {
  storage.signatures = new Set(["fresh"]);
  let signed = 0;
  coordinator.sign = (name) =>
    storage.url(name === "original" ? "/o" : `/${name}`, signed++ ? "fresh" : "stale");
  await run(async (context) => {
    context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
    await (await context.source()).download();
  });
  expect(coordinator.of("complete")).toHaveLength(1);
  expect(coordinator.of("sign").some(({ inputs }) => inputs.includes("original"))).toBe(true);
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
  expect(coordinator.of("fail")).toMatchObject([expected]);
  expect(coordinator.of("complete")).toEqual([]);
});

test("what nobody foresaw counts as crashed, and tells neither paths nor signatures", async () => {
  await run(async (context) => {
    throw new TypeError(`cannot read ${context.workspace}/x of https://storage/o?signature=secret`);
  });
  const [fail] = coordinator.of("fail");
  expect(fail).toMatchObject({
    class: "transient",
    code: "crashed",
    message: expect.stringContaining("cannot read"),
  });
  expect(fail?.message).not.toContain(root);
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
    { grant: { inputs: [{ name: "original", size: 10, url: storage.url("/gone") }] } },
  );
  expect(coordinator.of("fail")).toMatchObject([{ code: "source_gone" }]);
});

test("an upload that cannot be done ends the job at once, for its own reason", async () => {
  storage.fault = ({ method }, _request, response) => {
    if (method !== "PUT") return false;
    response.writeHead(403).end();
    return true;
  };
  await run(async (context) => {
    context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
    await abortable(new Promise(() => undefined), context.signal);
  });
  expect(coordinator.of("fail")).toMatchObject([{ class: "transient", code: "network" }]);
});

test("an empty product is no product", async () => {
  await run(async (context) => context.deliver(await product(context, "thumbnail.webp", Buffer.of())));
  expect(coordinator.of("fail")).toMatchObject([{ code: "incomplete" }]);
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
  expect([...coordinator.of("fail"), ...coordinator.of("complete"), ...coordinator.of("release")]).toEqual(
    [],
  );
});

test("a job dropped while the line is away ends without an answer", async () => {
  const control = new AbortController();
  coordinator.answers.sign = () => null;
  await run(
    async (context) => {
      context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
      await coordinator.nth("sign");
      coordinator.refusal = { status: 503, body: "" };
      coordinator.drop();
      setTimeout(() => control.abort(new Abandoned("cut off")), 20);
    },
    { signal: control.signal },
  );
  expect(coordinator.of("complete")).toEqual([]);
});

test("a lease that turns out stale while signing drops the job", async () => {
  coordinator.answers.sign = ({ seq }) => ({
    type: "refused",
    re: seq,
    reason: "stale",
    message: "given away",
  });
  await run(async (context) => context.deliver(await product(context, "thumbnail.webp", randomBytes(10))));
  expect(coordinator.of("fail")).toEqual([]);
});

test("an edge that could not answer just now is asked again", async () => {
  let faults = 1;
  coordinator.answers.complete = ({ seq }) =>
    faults-- > 0 ? { type: "error", re: seq, message: "ask again" } : { type: "accepted", re: seq };
  await run(async (context) => context.deliver(await product(context, "thumbnail.webp", randomBytes(10))));
  expect(coordinator.of("complete")).toHaveLength(2);
  expect(coordinator.of("fail")).toEqual([]);
});

test("what fails while the agent stops is given back, unless the file is at fault", async () => {
  const stopping = () => true;
  await run(() => Promise.reject(new JobError("crashed", "ended by SIGINT")), { stopping });
  expect(coordinator.of("release")).toHaveLength(1);
  await run(() => Promise.reject(new JobError("corrupt", "no")), { stopping });
  expect(coordinator.of("fail")).toHaveLength(1);
});

test("an attempt past its deadline is reported as a timeout", async () => {
  const control = new AbortController();
  setTimeout(() => control.abort(new JobError("timeout", "too long")), 10);
  await run((context) => abortable(new Promise(() => undefined), context.signal), { signal: control.signal });
  expect(coordinator.of("fail")).toMatchObject([{ code: "timeout" }]);
});

test("a result too large for a frame fails for good", async () => {
  const wide = { ...RESULT, hashes: { blurhash: "L".repeat(70_000), thumbhash: "" } };
  await run(async () => void Object.assign(RESULT, wide)).finally(() =>
    Object.assign(RESULT, { hashes: { blurhash: "L", thumbhash: "t" } }),
  );
  expect(coordinator.of("fail")).toMatchObject([{ class: "permanent", code: "too_large" }]);
});

test("a job that would not fit the disk is not begun", async () => {
  expect(() => demandRoom(DISK_MARGIN_BYTES + 9, 10)).toThrow(JobError);
  expect(() => demandRoom(DISK_MARGIN_BYTES + 10, 10)).not.toThrow();
  const huge = { inputs: [{ name: "original", size: 2 ** 52, url: storage.url("/o") }] };
  await run(() => Promise.reject(new Error("never begun")), { grant: huge });
  expect(coordinator.of("fail")).toMatchObject([{ class: "agent_fault", code: "disk_full" }]);
});
