import { afterEach, beforeEach, expect, test } from "vitest";
import { askToEnrol, EnrolmentError, waitForKey, type Asked } from "./enrolment.ts";
import { DESK_KEY, EnrolmentDesk, type Decision } from "./rehearsal/enrolment-desk.ts";
import { until } from "./rehearsal/until.ts";

const MACHINE = { label: "garage", platform: "linux-x64" };
let desk: EnrolmentDesk;
let troubles: (string | null)[];
let signal: AbortSignal;
beforeEach(async () => {
  desk = await EnrolmentDesk.start();
  troubles = [];
  signal = new AbortController().signal;
});
afterEach(() => desk.stop());

const edge = () => new URL(desk.edge);
const ask = () => askToEnrol(edge(), MACHINE, signal);
const wait = (asked: Asked, limitMs = 20_000) =>
  waitForKey(edge(), asked, { signal, trouble: (sentence) => troubles.push(sentence), limitMs });

test("a code is asked for in the machine's name, and the key comes once it is confirmed", async () => {
  const asked = await ask();
  expect(desk.asked).toEqual([MACHINE]);
  expect(asked).toMatchObject({ code: "ABCD-EFGH", url: `${desk.edge}/agents/enroll?code=ABCD-EFGH` });
  const key = wait(asked);
  await until("some polls", () => desk.polls > 2);
  desk.decision = "confirmed";
  expect(await key).toEqual({ id: "AbCdEfGhIjKl", key: DESK_KEY });
  expect(troubles).toEqual([]);
});

test.each<[Decision, EnrolmentError["kind"], RegExp]>([
  ["declined", "declined", /declined.*Talk to whoever runs/],
  ["expired", "expired", /expired\. Ask again: capcloud-agent enroll/],
  ["unknown", "refused", /does not know this code.*capcloud-agent enroll/],
])("%s ends the waiting with a sentence", async (decision, kind, sentence) => {
  desk.decision = decision;
  const failure = await wait(await ask()).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(EnrolmentError);
  expect(failure).toMatchObject({ kind, message: expect.stringMatching(sentence) });
});

test("a line that breaks while waiting is told once, and so is its return", async () => {
  const asked = await ask();
  desk.decision = "silent";
  const key = wait(asked);
  await until("some polls", () => desk.polls > 3);
  desk.decision = "waiting";
  await until("the return", () => troubles.length === 2);
  desk.decision = "confirmed";
  expect((await key).key).toBe(DESK_KEY);
  expect(troubles).toEqual([expect.stringMatching(/cannot be reached.*trying on/), null]);
});

test("nobody waits for ever, whatever the edge says", async () => {
  await expect(wait(await ask(), 50)).rejects.toThrow(/in time/);
});

test("who gives up is not kept", async () => {
  const control = new AbortController();
  signal = control.signal;
  const key = wait(await ask());
  control.abort(new Error("enough"));
  await expect(key).rejects.toThrow("enough");
});

test.each([
  [404, null, /check that --edge/],
  [200, "<html>", /check that --edge/],
  [
    429,
    { description: "Five wait already.", error: { hint: "Wait." } },
    /too often.*Five wait already\. Wait\./,
  ],
  [503, { description: "Busy." }, /no enrolment now \(503\)\. Busy\./],
])("an edge that answers %i gives no code, and the sentence says so", async (status, body, sentence) => {
  desk.refusal = { status, body };
  await expect(ask()).rejects.toThrow(sentence);
});

test("an edge that is not there is named", async () => {
  await desk.stop();
  const failure = await ask().catch((error: unknown) => error);
  expect(failure).toMatchObject({
    kind: "unreachable",
    message: expect.stringMatching(/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/),
  });
  desk = await EnrolmentDesk.start();
});
