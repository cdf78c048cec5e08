import { expect, test } from "vitest";
import { DiskRoom } from "./disk-room.ts";
import { JobError } from "./errors.ts";
import { DISK_MARGIN_BYTES } from "./machine/disk.ts";
import type { Grant, Recipe } from "./protocol.ts";

const STILLS: Recipe = { kind: "stills" };
const MP4: Recipe = { kind: "mp4", video: [], audio: [], frames: 1, duration: 1 };

/** `size` bytes of one file each. */
function grantOf(file: string, size: number, recipe: Recipe = STILLS): Grant {
  const inputs = [{ name: "original", size, url: `http://storage/${file}` }];
  const lease = { job: file, epoch: 1, secret: "s" };
  return { type: "grant", seq: 1, lease, leaseMs: 1, deadlineMs: 1, slot: "io", recipe, inputs };
}

/** A disk with so many bytes for jobs, of which nothing has been fetched yet. */
function openRoom(bytes: number, idle = 0) {
  let free = bytes - idle;
  const inputs = {
    missing: (wishes: readonly { url?: string | undefined; size: number }[]) => {
      const sizes = new Map(wishes.map(({ url, size }) => [url, size]));
      return Promise.resolve([...sizes.values()].reduce((sum, size) => sum + size, 0));
    },
    evictIdle: () => Promise.resolve(void (free = bytes)),
  };
  return new DiskRoom("/", inputs, () => Promise.resolve(free + DISK_MARGIN_BYTES));
}

const full = expect.objectContaining({ code: "disk_full" });

test("jobs side by side do not count on the same room", async () => {
  const room = openRoom(100);
  const [first, second] = [grantOf("a", 60), grantOf("b", 60)];
  const verdicts = await Promise.allSettled([room.enter(first), room.enter(second)]);
  expect(verdicts).toEqual([
    { status: "fulfilled", value: undefined },
    { status: "rejected", reason: full },
  ]);
  room.leave(first);
  await expect(room.enter(second)).resolves.toBeUndefined();
});

test("who was refused keeps nothing", async () => {
  const room = openRoom(100);
  await expect(room.enter(grantOf("a", 101))).rejects.toBeInstanceOf(JobError);
  await expect(room.enter(grantOf("b", 100))).resolves.toBeUndefined();
});

test("a file that several jobs read is fetched once, an mp4 lies there twice besides", async () => {
  const room = openRoom(100);
  await room.enter(grantOf("a", 60));
  await expect(room.enter(grantOf("a", 60))).resolves.toBeUndefined();
  await expect(room.enter(grantOf("m", 14, MP4))).rejects.toEqual(full);
  await expect(room.enter(grantOf("m", 13, MP4))).resolves.toBeUndefined();
});

test("what nobody reads makes room first", async () => {
  await expect(openRoom(100, 50).enter(grantOf("a", 80))).resolves.toBeUndefined();
});
