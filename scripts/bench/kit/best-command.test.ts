import { expect, test } from "vitest";
import { bestCommand } from "./best-command.ts";

const outputs = (args: string[]) => args.filter((word) => word.startsWith("/out/"));

test("one decode makes all rungs, each scaled from the one above it", () => {
  const args = bestCommand("film.mkv", "encode", "/out");
  expect(args.filter((word) => word === "-i")).toHaveLength(1);
  expect(args).toContain(
    "[0:v:0]format=yuv420p,split=2[out1080][next720];" +
      "[next720]scale=1280:720,setsar=1,format=yuv420p,split=2[out720][next480];" +
      "[next480]scale=854:480,setsar=1,format=yuv420p[out480]",
  );
  expect(args.filter((word) => word === "libx264")).toHaveLength(3);
  expect(outputs(args)).toEqual(["/out/1080.mp4", "/out/720.mp4", "/out/480.mp4", "/out/audio.m4a"]);
});

test("a top rung that fits is copied, and the others are encoded beside it", () => {
  const args = bestCommand("film.mp4", "copy", "/out");
  expect(args.join(" ")).toContain("-map 0:v:0 -c:v copy -map_metadata -1 -f mp4 /out/1080.mp4");
  expect(args.filter((word) => word === "libx264")).toHaveLength(2);
  expect(outputs(args)).toHaveLength(4);
});
