import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { abortable } from "../abort.ts";
import { JobBench, product } from "../rehearsal/job-bench.ts";
import { until } from "../rehearsal/until.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.start();
});
afterEach(() => bench.stop());

async function run(...what: Parameters<JobBench["run"]>): Promise<void> {
  expect(await bench.run(...what)).toEqual([]);
}

test("uploads go out while the job is still at work", async () => {
  await run(async (context) => {
    context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
    await until("the object", () => bench.storage.objects.has("/thumbnail.webp"));
  });
  expect(bench.coordinator.of("complete")).toHaveLength(1);
});

test("many products are signed in frames of at most 32", async () => {
  await run(async (context) => {
    const products = [];
    for (let index = 0; index < 70; index++)
      products.push(await product(context, `${index}.webp`, randomBytes(9)));
    for (const one of products) context.deliver(one);
  });
  const batches = bench.coordinator.of("sign").map(({ outputs }) => outputs.length);
  expect(Math.max(...batches)).toBe(32);
  expect(batches.reduce((sum, length) => sum + length)).toBe(70);
  expect(bench.coordinator.of("complete")[0]?.objects).toHaveLength(70);
});

test("a large object goes in parts, a few at a time, and names their etags", async () => {
  const bytes = randomBytes(2_500_000);
  const partBytes = 100_000;
  let [now, most] = [0, 0];
  bench.storage.fault = async ({ method }) => {
    if (method !== "PUT") return false;
    most = Math.max(most, (now += 1));
    await until("another part", () => most > 1);
    now -= 1;
    return false;
  };
  const usual = bench.coordinator.answers.sign;
  bench.coordinator.answers.sign = (frame) => {
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
  const object = bench.coordinator.of("complete")[0]?.objects[0];
  expect(object).toMatchObject({ name: "720.mp4", size: 2_500_000, etag: "" });
  expect(object?.parts?.map(({ number }) => number)).toEqual(
    Array.from({ length: 25 }, (_, index) => index + 1),
  );
  const joined = Array.from(
    { length: 25 },
    (_, index) => bench.storage.objects.get(`/720.mp4.${index + 1}`) ?? Buffer.of(),
  );
  expect(Buffer.concat(joined).equals(bytes)).toBe(true);
  expect(
    Math.max(
      ...bench.coordinator.of("sign").flatMap(({ parts }) => parts.map(({ numbers }) => numbers.length)),
    ),
  ).toBe(8);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(3);
});

function signParts({ seq, parts }: { seq: number; parts: { name: string; numbers: number[] }[] }) {
  const put = (name: string, number: number) => ({
    url: bench.storage.url(`/${name}.${number}`),
    headers: {},
  });
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
  bench.storage.signatures = new Set(["fresh"]);
  let signed = 0;
  bench.coordinator.sign = (name) =>
    bench.storage.url(name === "original" ? "/o" : `/${name}`, signed++ ? "fresh" : "stale");
  await run(async (context) => {
    context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
    await (await context.source()).download();
  });
  expect(bench.coordinator.of("complete")).toHaveLength(1);
  expect(bench.coordinator.of("sign").some(({ inputs }) => inputs.includes("original"))).toBe(true);
});

test("an upload that cannot be done ends the job at once, for its own reason", async () => {
  bench.storage.fault = ({ method }, _request, response) => {
    if (method !== "PUT") return false;
    response.writeHead(403).end();
    return true;
  };
  await run(async (context) => {
    context.deliver(await product(context, "thumbnail.webp", randomBytes(10)));
    await abortable(new Promise(() => undefined), context.signal);
  });
  expect(bench.coordinator.of("fail")).toMatchObject([{ class: "transient", code: "network" }]);
});

test("an empty product is no product", async () => {
  await run(async (context) => context.deliver(await product(context, "thumbnail.webp", Buffer.of())));
  expect(bench.coordinator.of("fail")).toMatchObject([{ code: "incomplete" }]);
});
