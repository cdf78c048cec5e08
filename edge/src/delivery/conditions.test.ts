import { expect, test } from "vitest";
import { decide } from "./conditions.ts";

const modified = Date.parse("2026-11-20T10:00:00.700Z");
const thing = { etag: '"abc"', modified, size: 100 };
const part = { status: 206, offset: 0, length: 10 };

test.each([
  { with: {}, status: 200 },
  { with: { "If-None-Match": '"abc"' }, status: 304 },
  { with: { "If-None-Match": 'W/"abc"' }, status: 304 },
  { with: { "If-None-Match": '"x", "abc"' }, status: 304 },
  { with: { "If-None-Match": "*" }, status: 304 },
  { with: { "If-None-Match": '"x"' }, status: 200 },
  { with: { "If-Modified-Since": "Fri, 20 Nov 2026 10:00:00 GMT" }, status: 304 },
  { with: { "If-Modified-Since": "Fri, 20 Nov 2026 09:59:59 GMT" }, status: 200 },
  { with: { "If-Modified-Since": "rubbish" }, status: 200 },
  { with: { "If-None-Match": '"x"', "If-Modified-Since": "Fri, 20 Nov 2026 10:00:00 GMT" }, status: 200 },
  { with: { "If-None-Match": '"abc"', Range: "bytes=900-" }, status: 304 },
  { with: { Range: "bytes=900-" }, status: 416 },
  { with: { "If-Range": '"old"', Range: "bytes=900-" }, status: 200 },
])("$with is answered $status", ({ with: headers, status }) => {
  expect(decide("GET", new Headers(headers as Record<string, string>), thing).status).toBe(status);
});

test.each([
  { ifRange: '"abc"', holds: true },
  { ifRange: 'W/"abc"', holds: false },
  { ifRange: '"old"', holds: false },
  { ifRange: "Fri, 20 Nov 2026 10:00:00 GMT", holds: true },
  { ifRange: "Fri, 20 Nov 2026 10:00:01 GMT", holds: false },
])("a part is sent on If-Range $ifRange: $holds", ({ ifRange, holds }) => {
  const headers = new Headers({ Range: "bytes=0-9", "If-Range": ifRange });
  expect(decide("GET", headers, thing)).toEqual(holds ? part : { status: 200 });
});

test("HEAD knows no ranges", () => {
  expect(decide("HEAD", new Headers({ Range: "bytes=0-9" }), thing)).toEqual({ status: 200 });
});
