/** A run sees what it reads and writes, and the system's programs. */
import { expect, test } from "vitest";
import { SOFTWARE } from "./h264.ts";
import { filesOf, mountsOf, stageOf, viewOfProbe, viewOfRun, type System } from "./view.ts";

const SYSTEM: System = {
  folders: ["/usr", "/bin", "/etc/alternatives"],
  files: ["/etc/ld.so.cache"],
  deviceFolders: ["/dev", "/sys", "/etc"],
  ownProc: true,
};

test("what a run may see follows from its own arguments", () => {
  const options = SOFTWARE.options({ ceiling: 1, reorder: true });
  const run = viewOfRun({
    inputs: [
      { options: [], url: "http://127.0.0.1:1/x" },
      { options: [], url: "/inputs/film.mkv" },
      { options: ["-f", "lavfi"], url: "testsrc2" },
    ],
    outputs: [
      { options, path: "/jobs/1/a.mp4" },
      { options, path: "/jobs/1/b.mp4" },
      { options: ["-f", "null"], path: "-" },
    ],
  });
  expect(run).toEqual({ reads: ["/inputs/film.mkv"], writes: ["/jobs/1"], devices: false });
  expect(viewOfProbe(["-v", "error", "-i", "/a"])).toEqual({ reads: ["/a"], writes: [], devices: false });
});

test.each([
  [["-hwaccel", "cuda"], []],
  [["-vaapi_device", "/dev/dri/renderD128"], []],
  [[], ["-c:v", "h264_nvenc"]],
  [[], ["-c:v", "h264_qsv"]],
])("a run with %j %j gets the devices", (input, output) => {
  const view = viewOfRun({
    inputs: [{ options: input, url: "x" }],
    outputs: [{ options: output, path: "/jobs/1/a.mp4" }],
  });
  expect(view.devices).toBe(true);
  expect(mountsOf(SYSTEM, view, "/mnt")).toContain("/dev /mnt/dev none rbind,X-mount.mkdir 0 0");
});

test("only the output's folder can be written to, parents are mounted before children, blanks are escaped", () => {
  const view = { reads: ["/tmp/a b/in"], writes: ["/tmp/a b/job"], devices: false };
  const lines = mountsOf(SYSTEM, view, "/mnt").split("\n");
  expect(lines.filter((line) => !/\bro\b/.test(line))).toEqual([
    "/tmp/a\\040b/job /mnt/tmp/a\\040b/job none rbind,nosuid,nodev,noexec,X-mount.mkdir 0 0",
  ]);
  expect(lines.findIndex((line) => line.startsWith("/usr "))).toBeLessThan(
    lines.findIndex((line) => line.startsWith("/tmp")),
  );
  expect(lines).toContain("/tmp/a\\040b/in /mnt/tmp/a\\040b/in none rbind,ro,nosuid,nodev,noexec 0 0");
  // What lies in a folder that is shown anyway needs no mount of its own.
  expect(filesOf(SYSTEM, { ...view, reads: ["/tmp/a b/job/in"] })).toEqual(["/etc/ld.so.cache"]);
});

test("the root stands beside what is shown in it", () => {
  const view = { reads: [], writes: ["/mnt/scratch/job"], devices: false };
  expect(stageOf(SYSTEM, view)).toBe("/media");
  expect(stageOf(SYSTEM, { ...view, writes: ["/srv/x", "/media/x", "/boot/x", "/mnt"] })).toBeNull();
});
