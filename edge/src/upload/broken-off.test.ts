/** Senders who are gone in the middle: whatever had begun is taken back, by both doors and at every stage. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { hangUp, startUploadEdge, until, type UploadEdge } from "./testing/upload-edge.ts";

const MB = 1_000_000;
let house: UploadEdge;

beforeAll(async () => {
  house = await startUploadEdge();
});
afterAll(() => house.stop());

const PART = '--X\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n';
const announced = { "Content-Length": String(40 * MB) };
const RAW = { path: "/gone.bin", method: "PUT", headers: announced, start: "" };
const FORM = {
  path: "/",
  method: "POST",
  headers: { ...announced, "Content-Type": "multipart/form-data; boundary=X" },
  start: PART,
};

const reserved = async () => (await house.holdings()).files.length > 0;
const inParts = async () => (await house.holdings()).multiparts > 0;
const arrived = () => Promise.resolve(true);

test.each([
  ["in the head of a raw body", RAW, 1_000, arrived],
  ["in the middle of a raw body", RAW, 5 * MB, reserved],
  ["before a form's first piece is full", FORM, 5 * MB, arrived],
  ["between the parts of a form's file", FORM, 20 * MB, inParts],
])("%s", async (_, door, sent, stage) => {
  const { path, start, ...options } = door;
  const body = Buffer.concat([Buffer.from(start), Buffer.alloc(sent, 0xee)]);
  await hangUp(house.url + path, options, body, () => until("it has begun", stage));
  const left = async () => {
    const { files, objects, counted, multiparts } = await house.holdings();
    return { files, objects: Object.values(objects).flat(), bytes: Object.values(counted), multiparts };
  };
  await until("it is taken back", async () => {
    const { files, multiparts } = await left();
    return files.length + multiparts === 0;
  });
  expect(await left()).toEqual({ files: [], objects: [], bytes: [0, 0], multiparts: 0 });
});

test("one who is gone right after the last byte: the file is kept whole, or nothing of it", async () => {
  const size = 3 * MB;
  const options = { method: "PUT", headers: { "Content-Length": String(size) } };
  for (let i = 0; i < 10; i++) {
    await hangUp(`${house.url}/complete.bin`, options, Buffer.alloc(size, i), () => Promise.resolve());
  }
  await until("none is pending", async () => {
    const { files } = await house.holdings();
    return files.every(({ state }) => state === "stored");
  });
  const { files, objects, counted, summed } = await house.holdings();
  expect(Object.values(objects).flat().sort()).toEqual(files.map((file) => file.object_key).sort());
  expect(counted).toEqual(summed);
});
