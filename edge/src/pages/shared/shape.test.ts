import { expect, test } from "vitest";
import { fileRecord } from "../../catalog/record.ts";
import type { FileRow } from "../../catalog/files.ts";
import { readRecord } from "./record.ts";
import { list, maybe, number, object, oneOf, pair, ShapeError, text, tryShape } from "./shape.ts";

const Thing = object({ name: text, at: list(pair), state: oneOf("on", "off"), note: maybe(number) });

test("reads what fits, and takes absent for null", () => {
  expect(Thing({ name: "a", at: [[1, 2]], state: "on", more: true }, "thing")).toEqual({
    name: "a",
    at: [[1, 2]],
    state: "on",
    note: null,
  });
});

test.each([
  [{ name: 1, at: [], state: "on" }, "thing.name is not text"],
  [{ name: "a", at: [[1]], state: "on" }, "thing.at[0] is not a pair"],
  [{ name: "a", at: {}, state: "on" }, "thing.at is not a list"],
  [{ name: "a", at: [], state: "idle" }, "thing.state is not on or off"],
  [{ name: "a", at: [], state: "on", note: "5" }, "thing.note is not a number"],
  [null, "thing is not an object"],
])("refuses %j by naming the field", (value, message) => {
  expect(() => Thing(value, "thing")).toThrow(new ShapeError(message));
  expect(tryShape(Thing, value)).toBeNull();
});

test("a record as the catalogue makes it is read whole", () => {
  const file: FileRow = {
    id: "Ab3dE9fGh1",
    owner: "anonymous",
    name: "clip.mp4",
    extension: "mp4",
    type: "video/mp4",
    kind: "video",
    size: 5,
    sha256: "00",
    shard: "SHARD_WEUR",
    objectKey: "o/x/y",
    state: "stored",
    status: "processing",
    reason: null,
    deleteKeyHash: "h",
    pool: "main",
    width: 640,
    height: 360,
    duration: 20_000,
    blurhash: null,
    thumbhash: null,
    streams: [{ index: 0, type: "video", codec: "h264", pixelFormat: "yuv420p", frameRate: 30 }],
    planId: "p",
    createdAt: 0,
    storedAt: 1,
    deletedAt: null,
  };
  const rung = {
    fileId: file.id,
    kind: "rung" as const,
    name: "480",
    version: "p",
    state: "making" as const,
    reason: null,
    type: "video/mp4",
    width: 640,
    height: 360,
    size: null,
    objectKey: null,
    etag: null,
    updatedAt: 0,
  };
  const wire: unknown = JSON.parse(JSON.stringify(fileRecord(file, [rung], null, "https://files.example")));
  expect(readRecord(wire)).toMatchObject({
    url: "https://files.example/Ab3dE9fGh1",
    duration: 20,
    status: "processing",
    renditions: [{ kind: "rung", name: "480", state: "making" }],
    streams: [{ codec: "h264", frameRate: 30 }],
  });
});
