/** What the log makes of a 503: waiting for what is not made yet is no error, a broken part of ours is one. */
import { expect, test } from "vitest";
import { useBench } from "../coordinator/testing/bench.ts";
import { eventually } from "../coordinator/testing/test-agent.ts";

const bench = useBench({ LOG_LEVEL: "info" });

/** The level of the request's own line. */
async function levelOf(path: string): Promise<string> {
  return eventually(() => {
    const line = bench.edge
      .logs()
      .map(({ message }) => /\{.*\}/.exec(message)?.[0] ?? "")
      .findLast((text) => text.includes(`"path":"${path}"`) && text.includes('"message":"request"'));
    return line === undefined ? null : String(JSON.parse(line).level);
  });
}

test("a plan and a download that are still to come are asked for in vain without an error in the log", async () => {
  const fileId = await bench.file("video");
  for (const path of [`/${fileId}/hls/master.m3u8`, `/${fileId}/video.mp4`]) {
    expect((await fetch(`${bench.edge.url}${path}`)).status, path).toBe(503);
    expect(await levelOf(path), path).toBe("info");
  }
});

test("a catalogue that cannot be read is an error", async () => {
  const fileId = await bench.file("video");
  await bench.edge.db.run("alter table renditions rename to elsewhere");
  const path = `/${fileId}/poster.jpg`;
  const { status } = await fetch(`${bench.edge.url}${path}`);
  await bench.edge.db.run("alter table elsewhere rename to renditions");
  expect(status).toBeGreaterThanOrEqual(500);
  expect(await levelOf(path)).toBe("error");
});
