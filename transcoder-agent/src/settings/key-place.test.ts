import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { demandWritable, keyPathFor, updateSettings, writePrivate } from "./key-place.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "key-place-"));
});
afterEach(() => rm(folder, { recursive: true }));

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

test("each edge has a key of its own, below the folder for settings", () => {
  const at = (edge: string) => keyPathFor(new URL(edge), "/home/me/.config");
  expect(at("https://files.example.com")).toBe("/home/me/.config/capcloud-agent/files.example.com.key");
  expect(at("http://127.0.0.1:8787/x")).toBe("/home/me/.config/capcloud-agent/127.0.0.1_8787.key");
  expect(at("http://[::1]:1")).toBe("/home/me/.config/capcloud-agent/___1__1.key");
});

test("a key can be read by its owner alone, also where an open file lay before", async () => {
  const path = join(folder, "deep", "down", "key");
  await writePrivate(path, "one\n");
  await writeFile(join(folder, "open"), "old", { mode: 0o644 });
  await writePrivate(join(folder, "open"), "two\n");
  for (const [file, text] of [
    [path, "one\n"],
    [join(folder, "open"), "two\n"],
  ] as const) {
    expect(await readFile(file, "utf8")).toBe(text);
    expect(await modeOf(file)).toBe(0o600);
  }
  expect(await modeOf(join(folder, "deep"))).toBe(0o700);
  expect(await readdir(join(folder, "deep", "down"))).toEqual(["key"]);
});

test("a place that cannot be written is found out before anybody is asked", async () => {
  await demandWritable(join(folder, "new", "key"));
  expect(await readdir(join(folder, "new"))).toEqual([]);
  await writeFile(join(folder, "file"), "");
  await expect(demandWritable(join(folder, "file", "key"))).rejects.toThrow(/--key-file/);
});

test("settings keep what else they held, and say which edge they named before", async () => {
  const path = join(folder, "settings.json");
  const entries = { edge: "https://new.example/", keyFile: "/k" };
  expect(await updateSettings(path, entries)).toBeNull();
  expect(await updateSettings(path, entries)).toBeNull();
  await writeFile(path, JSON.stringify({ edge: "https://old.example/", slots: "cpu=1", drainSeconds: 7 }));
  expect(await updateSettings(path, entries)).toBe("https://old.example/");
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ ...entries, slots: "cpu=1", drainSeconds: 7 });
  await writeFile(path, "edge: new");
  await expect(updateSettings(path, entries)).rejects.toThrow(/must hold one JSON object/);
  expect(await readFile(path, "utf8")).toBe("edge: new");
});
