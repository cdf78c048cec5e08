/** Encoders are believed when they have done it, and left when they fail. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { Abandoned, JobError } from "../errors.ts";
import { createLog } from "../log.ts";
import { openStandIn } from "../testing/stand-in.ts";
import { confinement, letDevicesOut } from "./confinement.ts";
import { encodersFor, forgetFailures, withFallback } from "./choice.ts";
import { OffGrid } from "./cuts.ts";
import { proveEncoders, tryEncoder, type Encoder } from "./encoders.ts";
import { candidateEncoders, HALF_SOFTWARE, SOFTWARE } from "./h264.ts";

const log = createLog({ level: "silent", format: "text" });
/** An encoder that every ffmpeg lists somewhere and this machine cannot open. */
const BROKEN: Encoder = {
  ...SOFTWARE,
  name: "h264_broken",
  hardware: true,
  options: (limits) => SOFTWARE.options(limits).with(1, "h264_no_such_encoder"),
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capcloud-encoders-"));
  forgetFailures();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("software passes its trial; what cannot be opened does not", async () => {
  expect(await tryEncoder(SOFTWARE)).toBeNull();
  expect(await tryEncoder(BROKEN)).toBeInstanceOf(Error);
});

test("a driver that does not work inside the sandbox is let out of it, and check says so", async () => {
  const tool = await openStandIn();
  try {
    const { word } = await confinement();
    const driver = join(tool.folder, "driver");
    await writeFile(driver, "");
    await tool.disguise(
      `for word in "$@"; do [ "$word" = -init_hw_device ] && [ ! -e ${driver} ] && exit 1; done`,
      'while [ $# -gt 0 ]; do if [ "$1" = -init_hw_device ]; then shift; else words+=("$1"); fi; shift; done',
      'exec ffmpeg "${words[@]}"',
    );
    const device = {
      ...SOFTWARE,
      name: "h264_device",
      hardware: true,
      deviceOptions: ["-init_hw_device", "x"],
    };
    expect(await tryEncoder(device)).toBeNull();
    const { devicesOut, sentence } = await confinement();
    expect(devicesOut).toBe(word === "namespaces");
    expect(sentence.includes("runs on the GPU have limits only")).toBe(devicesOut);
    // Everything else stays inside.
    expect(await tryEncoder(BROKEN)).toBeInstanceOf(Error);
    await expect(tool.said(`[ -e ${driver} ] && echo seen; echo done`)).resolves.toBe(
      word === "namespaces" ? "done\n" : "seen\ndone\n",
    );
  } finally {
    letDevicesOut(false);
    await tool.close();
  }
});

test("what was proven is remembered, until something changes", async () => {
  const prove = () => proveEncoders({ cacheDir: folder, log, devices: { renderNodes: [], nvidia: true } });
  const proven = await prove();
  expect(proven.at(-1)).toBe(SOFTWARE);
  const file = join(folder, "encoders.json");
  const Kept = z.object({ key: z.string(), verdicts: z.array(z.looseObject({ name: z.string() })) });
  const cached = Kept.parse(JSON.parse(await readFile(file, "utf8")));
  expect(cached.verdicts.map(({ name }) => name)).toContain("h264_nvenc+decode");
  // A cache that claims more than is true is believed while its key fits, and only then.
  const verdicts = ["h264_nvenc", "libx264"].map((name) => ({ name, reason: null }));
  const claim = { key: cached.key, at: Date.now(), verdicts, sessions: 5 };
  await writeFile(file, JSON.stringify(claim));
  const believed = await prove();
  expect(believed.map(({ name, sessions }) => [name, sessions])).toEqual([
    ["h264_nvenc", 5],
    ["libx264", undefined],
  ]);
  await writeFile(file, JSON.stringify({ ...claim, key: "another driver" }));
  expect(await prove()).toEqual(proven);
  // What did not work may by now; what did is asked no more.
  const old = { ...claim, at: Date.now() - 25 * 3_600_000 };
  await writeFile(file, JSON.stringify(old));
  expect((await prove()).map(({ name }) => name)).toContain("h264_nvenc");
  const failure = { name: "h264_nvenc+decode", reason: "busy" };
  await writeFile(file, JSON.stringify({ ...old, verdicts: [...verdicts, failure] }));
  expect(await prove()).toEqual(proven);
  await writeFile(file, "not JSON");
  expect(await prove()).toEqual(proven);
});

test("the order of falling back: all in hardware, encoding alone, all in software", () => {
  const names = (platform: NodeJS.Platform, renderNodes: string[], nvidia = true) =>
    candidateEncoders(platform, { renderNodes, nvidia }).map(({ name }) => name);
  expect(names("linux", ["renderD128"])).toEqual([
    ...["h264_nvenc+decode", "h264_nvenc", "h264_qsv+decode", "h264_qsv"],
    ...["h264_vaapi@renderD128+decode", "h264_vaapi@renderD128", "libx264+cuda", "libx264"],
  ]);
  expect(names("linux", [])).toEqual(["h264_nvenc+decode", "h264_nvenc", "libx264+cuda", "libx264"]);
  // What is certainly not there costs no trial.
  expect(names("linux", [], false)).toEqual(["libx264"]);
  expect(names("darwin", [])).toEqual(["h264_videotoolbox+decode", "h264_videotoolbox", "libx264"]);
});

test("what a device cannot decode is software's to try; without a device it is the file's fault", async () => {
  const device: Encoder = { ...HALF_SOFTWARE };
  const broken = new JobError("corrupt", "no frame");
  const attempt = ({ decoding }: Encoder) =>
    decoding === undefined ? Promise.resolve("done") : Promise.reject(broken);
  expect(await withFallback([device, SOFTWARE], "h264 High 4:2:2", log, attempt)).toBe("done");
  expect(encodersFor([device, SOFTWARE], "h264 High 4:2:2")).toEqual([SOFTWARE]);
  expect(encodersFor([device, SOFTWARE], "h264 High")).toEqual([device, SOFTWARE]);
});

test.each([
  new JobError("encoder_gone", "session limit"),
  new OffGrid("no keyframe at a boundary"),
  new JobError("crashed", "driver"),
])(
  "after %s the next encoder does it, and the failure is remembered for that kind of source",
  async (failure) => {
    const tried: string[] = [];
    const attempt = (encoder: Encoder) => {
      tried.push(encoder.name);
      return encoder.hardware ? Promise.reject(failure) : Promise.resolve("done");
    };
    expect(await withFallback([BROKEN, SOFTWARE], "hevc pq", log, attempt)).toBe("done");
    expect(await withFallback([BROKEN, SOFTWARE], "hevc pq", log, attempt)).toBe("done");
    expect(tried).toEqual(["h264_broken", "libx264", "libx264"]);
    expect(encodersFor([BROKEN, SOFTWARE], "h264 sdr")).toEqual([BROKEN, SOFTWARE]);
  },
);

test("nothing is held against an encoder before another has done what it could not, nor for ever", async () => {
  const kind = "h264 damaged";
  const all = () => Promise.reject(new JobError("crashed", "whoever tries"));
  await expect(withFallback([BROKEN, SOFTWARE], kind, log, all)).rejects.toThrow("whoever tries");
  expect(encodersFor([BROKEN, SOFTWARE], kind)).toEqual([BROKEN, SOFTWARE]);
  const failing = (code: "stalled" | "crashed") => (encoder: Encoder) =>
    encoder.hardware ? Promise.reject(new JobError(code, "?")) : Promise.resolve("done");
  // The line may have been away.
  await withFallback([BROKEN, SOFTWARE], kind, log, failing("stalled"));
  expect(encodersFor([BROKEN, SOFTWARE], kind)).toEqual([BROKEN, SOFTWARE]);
  await withFallback([BROKEN, SOFTWARE], kind, log, failing("crashed"));
  expect(encodersFor([BROKEN, SOFTWARE], kind)).toEqual([SOFTWARE]);
  const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 11 * 60_000);
  expect(encodersFor([BROKEN, SOFTWARE], kind)).toEqual([BROKEN, SOFTWARE]);
  clock.mockRestore();
});

test("software is there even when nobody named it", async () => {
  expect(encodersFor([BROKEN], "h264 sdr")).toEqual([BROKEN, SOFTWARE]);
});

test.each([new JobError("corrupt", "broken file"), new Abandoned("lost"), new JobError("disk_full", "full")])(
  "%s is no encoder's fault",
  async (failure) => {
    let attempts = 0;
    const attempt = () => {
      attempts++;
      return Promise.reject(failure);
    };
    await expect(withFallback([BROKEN, SOFTWARE], "h264 sdr", log, attempt)).rejects.toBe(failure);
    expect(attempts).toBe(1);
  },
);

test("an encoder of another kind of picture fails its trial", async () => {
  expect(await tryEncoder({ ...SOFTWARE, options: () => ["-c:v", "mpeg4"] })).toBeInstanceOf(Error);
});
