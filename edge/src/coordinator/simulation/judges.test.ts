/**
 * That the simulation's judges speak up: seeds show only that they are silent where nothing is wrong. Each is shown
 * something wrong here, and the same without the fault.
 */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { logLine } from "../../http/log.ts";
import { listenForCrashes } from "./crashes.ts";
import { Drains } from "./drains.ts";
import { areFew } from "./ending.ts";
import { FORGED_SEQ } from "./forgery.ts";
import type { Network } from "./network.ts";
import type { ObjectHost } from "./object.ts";
import { Observer } from "./observer.ts";
import { drawPlan } from "./plan.ts";
import type { Simulated } from "./simulated.ts";
import { watchViewers } from "./viewer-watch.ts";
import { createProcess, World } from "./world.ts";
import type { Wire } from "./wire.ts";

const complaints: string[] = [];
const complain = (invariant: string) => void complaints.push(invariant.split(" ")[0] ?? "");
beforeEach(() => void complaints.splice(0));

describe("frames", () => {
  const lease = { job: "main.1", epoch: 3, secret: "s" };
  const wire = { agentId: "a" } as Wire;

  /** An agent that was given the lease, and the row of its job. */
  function watch(row: { epoch: number; state: string }) {
    const observer = new Observer({ rows: () => [row] } as unknown as ObjectHost, complain, () => 0);
    observer.genuine.set(lease.job, [{ lease, agentId: "a" }]);
    const asks = (frame: object) => observer.received(wire, JSON.stringify({ seq: 7, lease, ...frame }));
    const hears = (frame: object) => observer.sent(wire, JSON.stringify({ seq: 1, re: 7, ...frame }));
    return { asks, hears };
  }
  const sign = { type: "sign", inputs: [], outputs: [], parts: [] };
  const signed = { type: "signed", inputs: {}, outputs: {}, parts: {} };
  const stale = { type: "refused", reason: "stale", message: "" };

  test.each([
    ["its own lease", { epoch: 3, state: "leased" }, {}, []],
    ["a lease that ran out", { epoch: 3, state: "ready" }, {}, ["I3"]],
    ["a lease whose job somebody else has", { epoch: 4, state: "leased" }, {}, ["I3"]],
    ["another's secret", { epoch: 3, state: "leased" }, { lease: { ...lease, secret: "t" } }, ["I3"]],
  ])("addresses for %s", (_, row, claim, expected) => {
    const { asks, hears } = watch(row);
    asks({ ...sign, ...claim });
    hears(signed);
    expect(complaints).toEqual(expected);
  });

  test("addresses that were asked for in time may come late", () => {
    const row = { epoch: 3, state: "leased" };
    const { asks, hears } = watch(row);
    asks(sign);
    row.state = "ready";
    hears(signed);
    expect(complaints).toEqual([]);
  });

  test.each([
    ["release", { epoch: 3, state: "leased" }, ["I11"]],
    ["release", { epoch: 4, state: "leased" }, []],
    ["sign", { epoch: 3, state: "leased" }, ["I5"]],
  ])("%s refused as stale (%o)", (type, row, expected) => {
    const { asks, hears } = watch(row);
    asks({ ...sign, type });
    hears(stale);
    expect(complaints).toEqual(expected);
  });

  test("a forged word is refused, whatever it is", () => {
    const { asks, hears } = watch({ epoch: 3, state: "leased" });
    asks({ ...sign, seq: FORGED_SEQ, lease: { ...lease, epoch: 2 } });
    hears({ ...stale, re: FORGED_SEQ });
    expect(complaints).toEqual([]);
    hears({ ...signed, re: FORGED_SEQ });
    expect(complaints).toEqual(["I3"]);
  });

  test.each([
    ["as it is", { epoch: 3, state: "leased" }, { resumed: ["main.1"] }, []],
    ["completed", { epoch: 3, state: "committing" }, { resumed: ["main.1"] }, []],
    ["that is over", { epoch: 3, state: "ready" }, { resumed: ["main.1"] }, ["I3"]],
    ["that was not named", { epoch: 3, state: "leased" }, { resumed: ["main.2"] }, ["I3"]],
    ["anew", { epoch: 4, state: "leased" }, { adopted: [{ job: "main.1", from: 3 }] }, []],
    ["anew to a stranger", { epoch: 4, state: "leased" }, { adopted: [{ job: "main.1", from: 2 }] }, ["I3"]],
  ])("a welcome gives a lease back %s", (_, row, fates, expected) => {
    const { asks, hears } = watch(row);
    const counts = { cores: 1, memoryBytes: 1 };
    const capabilities = { kinds: [], encoders: [], ffmpeg: "7", platform: "p", ...counts };
    const slots = { gpu: 0, cpu: 1, io: 1 };
    const who = { protocol: 1, agentVersion: "0", bootId: "b", label: "l", capabilities, slots };
    asks({ type: "hello", ...who, held: [lease] });
    const { resumed = [], adopted = [] } = fates as { resumed?: string[]; adopted?: object[] };
    const named = adopted.map((one) => ({ ...one, lease: { ...lease, epoch: 4 } }));
    const terms = { protocol: 1, renewMs: 1, pingMs: 1, leaseMs: 1 };
    hears({ type: "welcome", ...terms, resumed, adopted: named, lost: [] });
    expect(complaints).toEqual(expected);
  });
});

describe("a segment that a viewer is answered", () => {
  const key = "r/file/video-p/480.0-1/1-n/480.mp4";
  const found = { objectKey: key, offset: 10, length: 90, init: [0, 10] as [number, number], codecs: "" };

  function answer({
    committed = [key],
    size = 100 as number | null,
    state = "stored",
    lost = [] as string[],
  }) {
    const edge = { answered: (_watched: object, _found: object) => {} };
    const catalogue = { rows: () => [{ state }] };
    const find = () => (size === null ? null : { size });
    const parts = { edge, catalogue, find, rotten: new Set(lost) } as unknown as Simulated;
    watchViewers(parts, new Set(committed), complain);
    edge.answered({ fileId: "file", track: "480", segment: 0 }, found);
    return complaints;
  }

  test("is committed and there", () => expect(answer({})).toEqual([]));
  test("is committed by nobody", () => expect(answer({ committed: [] })).toEqual(["I9"]));
  test("is gone", () => expect(answer({ size: null })).toEqual(["I9"]));
  test("ends before it", () => expect(answer({ size: 99 })).toEqual(["I9"]));
  test("went with its file", () => expect(answer({ size: null, state: "deleted" })).toEqual([]));
  test("was lost by the storage", () => expect(answer({ size: null, lost: [key] })).toEqual([]));
});

describe("an agent that ends in order", () => {
  const process = createProcess("a.1");
  const object = { process: createProcess("object.1") };
  const wire = { spoiled: false };

  function drains() {
    const network = { wires: new Map([[process, wire]]) } as unknown as Network;
    const plan = { ...drawPlan(1), items: [] };
    return new Drains(new World(1_000), network, object as unknown as ObjectHost, plan);
  }

  test("has given back what it held", () => {
    const watched = drains();
    watched.begin(process, ["main.1"]);
    expect(watched.has("a.1", "main.1")).toBe(false);
    watched.end(process, 0, true);
    expect(watched.has("a.1", "main.1")).toBe(true);
    expect(watched.has("a.2", "main.1")).toBe(false);
    expect(watched.has("a.1", "main.2")).toBe(false);
  });

  test.each([
    ["was stopped meanwhile", 2_000, true, false],
    ["was not heard to the last", 0, false, false],
    ["had a line that lost frames", 0, true, true],
  ])("but not in order if it %s", (_, calmSince, up, spoiled) => {
    const watched = drains();
    watched.begin(process, ["main.1"]);
    wire.spoiled = spoiled;
    watched.end(process, calmSince, up);
    wire.spoiled = false;
    expect(watched.has("a.1", "main.1")).toBe(false);
  });
});

describe("orphans that the sweep had to delete", () => {
  const keys = (kind: string, count: number) => Array.from({ length: count }, (_, at) => `${kind}/${at}`);

  test.each([
    ["a handful, whatever else is there", keys("r", 20), keys("r", 20), true],
    ["a fifth of what is derived", keys("r", 30), keys("r", 150), true],
    ["more", keys("r", 31), keys("r", 150), false],
    ["a fifth of the originals", keys("o", 30), keys("o", 150), false],
    ["too many originals beside derived ones", keys("o", 21), [...keys("o", 21), ...keys("r", 999)], false],
  ])("%s", (_, orphans, all, few) => expect(areFew(orphans, all)).toBe(few));
});

describe("an error in the log", () => {
  const print = vi.spyOn(console, "error").mockImplementation(() => {});

  test.each([
    ["of ours", "frame failed", { error: "x is not a function" }, ["nothing"]],
    ["of the storage's illness", "frame failed", { error: "put: … (10001)" }, []],
    ["of the catalogue's", "sweep failed", { error: "D1_ERROR: Network connection lost." }, []],
    ["for people", "object missing", {}, []],
  ])("%s", (_, message, fields, expected) => {
    const stop = listenForCrashes(complain, false);
    logLine("error", "error", message, fields);
    stop();
    expect(complaints).toEqual(expected);
    expect(print).not.toHaveBeenCalled();
    // And the console is as it was.
    logLine("error", "error", message, fields);
    expect(complaints).toEqual(expected);
    expect(print).toHaveBeenCalledOnce();
    print.mockClear();
  });
});
