import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  encodersFor,
  isTooOld,
  kindsFor,
  overlaps,
  slotsFor,
  surveyMachine,
  type Machine,
} from "./capabilities.ts";
import { checkUp, formatCheckup } from "../check.ts";
import { SOFTWARE, type Encoder } from "../ffmpeg/h264.ts";
import { JobKind } from "../protocol.ts";
import { silentLog } from "../rehearsal/log.ts";

const GIBIBYTE = 1_024 ** 3;
const ROOMY = { cores: 8, memoryBytes: 64 * GIBIBYTE };
const GPU: Encoder = { ...SOFTWARE, name: "h264_nvenc", hardware: true };
const all = { ffmpeg: "7.0", sharp: "0.35", encoders: [GPU, SOFTWARE] };

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "survey-"));
});
afterEach(() => rm(cacheDir, { recursive: true }));

const AFTERWARDS = ["index", "subtitle", "storyboard", "waveform"];

test("the kinds of jobs follow from the tools", () => {
  expect(kindsFor(all)).toEqual(["inspect", "stills", "image", "video", "audio", "mp4", ...AFTERWARDS]);
  expect(kindsFor({ ...all, ffmpeg: null, encoders: [] })).toEqual(["image"]);
  expect(kindsFor({ ...all, encoders: [] })).toEqual([
    "inspect",
    "stills",
    "image",
    "audio",
    "mp4",
    ...AFTERWARDS,
  ]);
  expect(kindsFor({ ...all, sharp: null })).toEqual([
    "video",
    "audio",
    "mp4",
    "index",
    "subtitle",
    "waveform",
  ]);
});

test.each([
  [1, { gpu: 1, cpu: 1, io: 3 }],
  [2, { gpu: 1, cpu: 1, io: 3 }],
  [3, { gpu: 1, cpu: 1, io: 3 }],
  [8, { gpu: 1, cpu: 2, io: 4 }],
  [64, { gpu: 1, cpu: 16, io: 4 }],
])("%i cores and a GPU make the slots %j", (cores, slots) => {
  expect(slotsFor(all, { cores, memoryBytes: 64 * GIBIBYTE })).toEqual(slots);
});

test.each([
  [64, 16, { gpu: 1, cpu: 7, io: 4 }],
  [16, 4, { gpu: 1, cpu: 1, io: 4 }],
  [2, 1, { gpu: 1, cpu: 1, io: 1 }],
  [2, 0.25, { gpu: 1, cpu: 1, io: 1 }],
])("%i cores with %d GiB take no more than fits: %j", (cores, gibibytes, slots) => {
  expect(slotsFor(all, { cores, memoryBytes: gibibytes * GIBIBYTE })).toEqual(slots);
});

test.each([
  [8, true],
  [4, false],
])("with %d GiB an encode may begin while another ends: %s", (gibibytes, may) => {
  const room = { cores: 2, memoryBytes: gibibytes * GIBIBYTE };
  expect(overlaps({ ...room, slots: slotsFor(all, room) })).toBe(may);
});

test("slots of a GPU: of the best device, which every job tries first, and by what its driver opens", () => {
  const named = (name: string, sessions?: number): Encoder => ({
    ...GPU,
    name,
    ...(sessions === undefined ? {} : { sessions }),
  });
  const gpu = (...encoders: Encoder[]) => slotsFor({ ...all, encoders }, ROOMY).gpu;
  expect(gpu(named("h264_nvenc+decode"), named("h264_nvenc"))).toBe(1);
  expect(gpu(named("h264_nvenc+decode", 8), named("h264_nvenc", 8))).toBe(2);
  expect(gpu(named("h264_nvenc", 2))).toBe(1);
  expect(gpu(named("h264_vaapi@renderD128+decode"), named("h264_vaapi@renderD129"))).toBe(1);
});

test("there are no slots for what cannot be done", () => {
  expect(slotsFor({ ...all, encoders: [SOFTWARE] }, ROOMY).gpu).toBe(0);
  expect(slotsFor({ ffmpeg: null, sharp: null, encoders: [] }, ROOMY)).toEqual({ gpu: 0, cpu: 0, io: 0 });
});

test("a job in any other slot leaves the GPU alone", () => {
  const machine = { ...all, slots: { gpu: 1, cpu: 1, io: 1 } };
  expect(encodersFor("cpu", machine)).toEqual([SOFTWARE]);
  expect(encodersFor("gpu", machine)).toEqual([GPU, SOFTWARE]);
  expect(encodersFor("io", machine)).toEqual([SOFTWARE]);
});

test.each([
  ["4.4.2-0ubuntu0.22.04.1", true],
  ["5.0", true],
  ["5.1.9-0+deb12u1", false],
  ["n7.1", false],
  ["N-12345-gabcdef", false],
  ["10.0", false],
])("ffmpeg %s is too old: %s", (version, tooOld) => {
  expect(isTooOld(version)).toBe(tooOld);
});

test("this machine can do every kind of job, and the check says so", async () => {
  const machine = await surveyMachine({ cacheDir, slots: { io: 3 }, log: silentLog });
  expect(machine.troubles).toEqual([]);
  expect(machine.encoders.map(({ name }) => name)).toContain("libx264");
  expect(machine.slots.io).toBe(3);
  const checkup = await checkUp(machine, join(cacheDir, "not", "yet"), "0.1.0");
  expect(checkup).toMatchObject({ ok: true, kinds: JobKind.options });
  const text = formatCheckup(checkup);
  expect(text).toMatch(/ffmpeg +\d/);
  expect(text).toContain("- libx264: proven here");
  expect(text).toMatch(/GPU in use +(seen by|cannot be told here)/);
  // What no machine of this kind has is not claimed.
  expect(checkup.pipelines.find(({ name }) => name === "h264_videotoolbox+decode")?.state).toBe("untried");
  for (const { name, state } of checkup.pipelines)
    expect(state === "proven").toBe(machine.encoders.some((encoder) => encoder.name === name));
});

test("the check of a bare machine says what to install", async () => {
  const bare: Machine = {
    ffmpeg: null,
    sharp: "1",
    encoders: [],
    cores: 1,
    memoryBytes: 1,
    platform: "linux-x64",
    kinds: ["image"],
    slots: { gpu: 0, cpu: 0, io: 2 },
    sandbox: { word: "limits", sentence: "limits only: user namespaces are off here", devicesOut: false },
    verdicts: [],
    troubles: ["Install ffmpeg."],
  };
  const checkup = await checkUp(bare, cacheDir, "0.1.0");
  expect(checkup.ok).toBe(false);
  expect(formatCheckup(checkup)).toMatch(
    /cannot do: inspect, stills, video, audio, mp4, index, subtitle, storyboard, waveform\.\n- Install ffmpeg\./,
  );
});
