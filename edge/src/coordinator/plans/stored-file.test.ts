import { expect, test } from "vitest";
import type { FileRow } from "../../catalog/files.ts";
import { readStoredFile, toStoredFile } from "./stored-file.ts";

const known = {
  ...{ id: "Ab3dE9fGh1", owner: "anonymous", kind: "image" as const, shard: "SHARD_WEUR", size: 1_000 },
  ...{ objectKey: "o/Ab3dE9fGh1/n", sha256: null },
};

test("a file's row arrives as it was handed over, without what is nobody's business", () => {
  const row = { ...known, deleteKeyHash: "hash", name: "cat.png" } as FileRow;
  expect(readStoredFile(toStoredFile(row), known.id)).toEqual(known);
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["another file's", { ...known, id: "Zz3dE9fGh1" }],
  ["without its key", { ...known, objectKey: undefined }],
  ["of a kind that nobody knows", { ...known, kind: "hologram" }],
])("%s is not believed, and the catalogue is asked", (_, told) => {
  expect(readStoredFile(told, known.id)).toBeNull();
});
