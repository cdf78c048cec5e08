import { expect, test } from "vitest";
import { CALM, largestNumber, moodAfter, othersShare, parsePmon, type OthersShare } from "./gpu-use.ts";

/** "b" while busy, "." while calm, after each reading. */
function moods(readings: readonly OthersShare[]): string {
  let mood = CALM;
  return readings
    .map((share) => {
      mood = moodAfter(mood, share);
      return mood.busy ? "b" : ".";
    })
    .join("");
}

test.each([
  ["a moment's load", [90, 0, 90, 0], "...."],
  ["two readings in a row", [90, 90, 90], ".bb"],
  ["a desktop that shows itself", [10, 20, 24, 20], "...."],
  ["calm for a minute", [90, 90, 0, 0, 0, 0, 0, 0, 0], ".bbbbbb.."],
  ["calm with a break", [90, 90, 0, 0, 0, 90, 0, 0, 0, 0, 0, 0], ".bbbbbbbbbb."],
  ["what cannot be told changes nothing", [90, null, 90, null, null, null, null, null, null], "..bbbbbbb"],
])("%s", (_what, readings, expected) => {
  expect(moods(readings)).toBe(expected);
});

// As the drivers' manuals show them: 5xx with jpg and ofa, older ones without.
const NEWER = `# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command
# Idx           #    C/G      %      %      %      %      %      %    name
    0       1234     C     10      4     63      5      -      -    ffmpeg
    0       2222     G     41      9      -      -      -      -    game
    1       3333   C+G      -      -      -      -      -      -    Xorg
`;
const OLDER = `# gpu        pid  type    sm   mem   enc   dec   command
# Idx          #   C/G     %     %     %     %   name
    0      14420     C    99    40     0     0   python3
`;
const IDLE = `# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command
# Idx           #    C/G      %      %      %      %      %      %    name
    0          -     -      -      -      -      -      -      -    -
`;

test("processes are read off nvidia-smi, whatever columns it has", () => {
  expect(parsePmon(NEWER)).toEqual([
    { gpu: "0", pid: 1234, percent: 63 },
    { gpu: "0", pid: 2222, percent: 41 },
    { gpu: "1", pid: 3333, percent: 0 },
  ]);
  expect(parsePmon(OLDER)).toEqual([{ gpu: "0", pid: 14420, percent: 99 }]);
  for (const nothing of [IDLE, "", "Failed to initialize NVML: Driver/library version mismatch"])
    expect(parsePmon(nothing)).toEqual([]);
});

test("only what others take counts; without names, the whole, and only while we leave it alone", () => {
  const ours = (pid: number) => pid === 1234;
  expect(othersShare(parsePmon(NEWER), ours, 90, true)).toBe(41);
  expect(othersShare(parsePmon(NEWER).slice(0, 1), ours, 90, true)).toBe(0);
  expect(othersShare([], ours, 90, false)).toBe(90);
  expect(othersShare([], ours, 90, true)).toBeNull();
  expect(othersShare([], ours, null, false)).toBeNull();
});

test("the busiest GPU's load is found among lines", () => {
  expect(largestNumber("3\n 97 \n\n")).toBe(97);
  expect(largestNumber("[N/A]\n")).toBeNull();
});
