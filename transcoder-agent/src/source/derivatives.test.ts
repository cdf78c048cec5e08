import { access, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Abandoned, JobError } from "../errors.ts";
import { Derivatives, type Make } from "./derivatives.ts";

const never = new AbortController().signal;
let folder: string;
let derivatives: Derivatives;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "derivatives-"));
  derivatives = new Derivatives(join(folder, "input"));
});
afterEach(async () => {
  await derivatives.close();
  await rm(folder, { recursive: true });
});

/** Makes its file when told to; rejects when it is stopped. */
function slowly() {
  let made = 0;
  const finish = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const make: Make = async (path, signal) => {
    made++;
    signal.addEventListener("abort", () => finish.reject(signal.reason));
    await writeFile(path, "half");
    started.resolve();
    await finish.promise;
    await writeFile(path, "whole");
  };
  return { make, started: started.promise, finish: () => finish.resolve(), count: () => made };
}

test("a file is made once for all who want it", async () => {
  const slow = slowly();
  const both = [1, 2].map(() => derivatives.get("r.mp4", slow.make, never));
  await slow.started;
  slow.finish();
  const [one, other] = await Promise.all(both);
  expect(one).toBe(other);
  expect(await readFile(one ?? "", "utf8")).toBe("whole");
  expect(await derivatives.get("r.mp4", slow.make, never)).toBe(one);
  expect(slow.count()).toBe(1);
});

test("one who gives up leaves it to the others", async () => {
  const slow = slowly();
  const control = new AbortController();
  const one = derivatives.get("r.mp4", slow.make, control.signal);
  const other = derivatives.get("r.mp4", slow.make, never);
  control.abort(new Abandoned("lost"));
  await expect(one).rejects.toThrow("lost");
  slow.finish();
  expect(await readFile(await other, "utf8")).toBe("whole");
});

test("what nobody waits for ends, and whoever comes next gets a new one", async () => {
  const slow = slowly();
  const control = new AbortController();
  const one = derivatives.get("r.mp4", slow.make, control.signal);
  control.abort(new Abandoned("lost"));
  await expect(one).rejects.toThrow("lost");
  await slow.started;
  derivatives.rest();
  const next = slowly();
  const other = derivatives.get("r.mp4", next.make, never);
  next.finish();
  expect(await readFile(await other, "utf8")).toBe("whole");
  await expect.poll(() => readdir(folder)).toHaveLength(1);
});

test("a failure is everybody's, leaves nothing behind and is not remembered", async () => {
  const fail: Make = async (path) => {
    await writeFile(path, "half");
    throw new JobError("corrupt", "broken");
  };
  await expect(derivatives.get("r.mp4", fail, never)).rejects.toMatchObject({ code: "corrupt" });
  expect(await readdir(folder)).toEqual([]);
  const path = await derivatives.get("r.mp4", (to) => writeFile(to, "whole"), never);
  derivatives.rest();
  await access(path);
  await derivatives.close();
  expect(await readdir(folder)).toEqual([]);
});
