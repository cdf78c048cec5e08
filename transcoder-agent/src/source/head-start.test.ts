import { expect, test } from "vitest";
import { HeadStart } from "./head-start.ts";

const { signal } = new AbortController();

test("the rest stands back until every beginning is over, failed ones too", async () => {
  const start = new HeadStart();
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  const led = start.lead(() => first.promise);
  const failed = start.lead(() => second.promise).catch((error: Error) => error.message);
  let gone = false;
  const rest = start.standBack(signal).then(() => (gone = true));
  first.resolve("made");
  expect(await led).toBe("made");
  await Promise.resolve();
  expect(gone).toBe(false);
  second.reject(new Error("broken"));
  expect(await failed).toBe("broken");
  await rest;
});

test("nobody stands back where nothing begins, nor for ever, nor when cancelled", async () => {
  await new HeadStart().standBack(signal);
  const impatient = new HeadStart(1);
  void impatient.lead(() => new Promise(() => {}));
  await impatient.standBack(signal);
  const patient = new HeadStart();
  void patient.lead(() => new Promise(() => {}));
  const job = new AbortController();
  const rest = patient.standBack(job.signal);
  job.abort(new Error("lost"));
  await expect(rest).rejects.toThrow("lost");
});
