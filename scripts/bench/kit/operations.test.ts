import { expect, test } from "vitest";
import { classA } from "./operations.ts";

const asked = (method: string, path: string, upload = "", status = 200) => ({
  method,
  path,
  upload,
  status,
  bytes: 0,
});

test("writes count, reads and refusals do not, and a multipart upload costs its begin and end besides its parts", () => {
  const counted = classA([
    asked("GET", "/b/o/1"),
    asked("PUT", "/b/r/1/720.mp4"),
    asked("PUT", "/b/r/2/720.mp4"),
    asked("PUT", "/b/r/2/720.mp4", "", 412),
    asked("PUT", "/b/r/3/video.mp4", "u1"),
    asked("PUT", "/b/r/3/video.mp4", "u1"),
  ]);
  expect(counted).toMatchObject({ puts: 2, parts: 2, uploads: 1, multipart: 2, originals: 1 });
  expect(counted.names).toEqual({ "720.mp4": 2 });
});
