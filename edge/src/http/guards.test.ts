import { describe, expect, test } from "vitest";
import { pageHeaders, userBytesHeaders } from "./headers.ts";
import { isIntended } from "./intent.ts";
import { withoutQueries } from "./log.ts";
import { decodeStep } from "./paths.ts";
import { problemBody } from "./problems.ts";
import { addressKey } from "./rate-limit.ts";
import { isReserved } from "./reserved.ts";
import { schemaProblem } from "./schema-guard.ts";
import { toProblem } from "./answer.ts";

test.each([
  ["198.51.100.7", "198.51.100.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002:ffff::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::ffff:198.51.100.7", "198.51.100.7"],
  ["", "unknown"],
])("the address %s counts as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test.each([
  [undefined, undefined, true],
  ["same-origin", "https://a.example", true],
  ["none", undefined, true],
  [undefined, "https://a.example", true],
  [undefined, "https://b.example", false],
  [undefined, "http://a.example", false],
  [undefined, "null", false],
  ["cross-site", undefined, false],
  ["same-site", "https://a.example", false],
  ["same-origin", "https://b.example", false],
])("Sec-Fetch-Site %s with Origin %s: %s", (site, origin, expected) => {
  expect(isIntended(site, origin, ["https://a.example"])).toBe(expected);
});

describe("headers", () => {
  test("user bytes have no powers, and sound and film just enough to be shown", () => {
    const image = userBytesHeaders("image/png");
    expect(image).toEqual({
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cross-Origin-Resource-Policy": "cross-origin",
      "Content-Security-Policy": "default-src 'none'; sandbox",
    });
    for (const type of ["video/mp4", "audio/mpeg"]) {
      const policy = userBytesHeaders(type)["Content-Security-Policy"];
      expect(policy).toBe(
        "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin",
      );
    }
  });

  test("pages run no inline script and may be framed by nobody", () => {
    const policy = pageHeaders()["Content-Security-Policy"] ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("media-src 'self' blob:;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(pageHeaders({ mediaOrigin: "https://m.example" })["Content-Security-Policy"]).toContain(
      "media-src 'self' blob: https://m.example;",
    );
  });
});

describe("errors", () => {
  test("one of D1's missing tables, also wrapped, names the command for its place", () => {
    const error = new Error("Failed query", {
      cause: new Error("D1_ERROR: no such table: files: SQLITE_ERROR"),
    });
    expect(schemaProblem(error, "http://127.0.0.1:8787/")?.hint).toContain("--local");
    expect(schemaProblem(error, "https://files.example/")?.hint).toContain("--remote");
    expect(schemaProblem(new Error("no such table: jobs"), "http://127.0.0.1/")).toBeNull();
  });

  test("nothing of an unexpected error is told", () => {
    const problem = toProblem(
      new Error("Failed query: select secret; params: hunter2"),
      "https://files.example/",
    );
    expect(problem.code).toBe("internal");
    expect(JSON.stringify(problemBody(problem, "r"))).not.toMatch(/select|hunter2/);
  });

  test("what passes by itself may be tried again", () => {
    const error = new Error("Failed query", { cause: new Error("D1_ERROR: Network connection lost.") });
    expect(toProblem(error, "https://files.example/")).toMatchObject({
      code: "unavailable",
      retryable: true,
    });
  });
});

test("queries never reach the log", () => {
  expect(withoutQueries("at https://h.example/relay/S/k?signature=abc&x=1 failed")).toBe(
    "at https://h.example/relay/S/k?… failed",
  );
});

test("what is no valid encoding stays as it was written", () => {
  expect(decodeStep("100%.txt")).toBe("100%.txt");
  expect(decodeStep("%E6%BC%A2.txt")).toBe("漢.txt");
});

test("our own words are reserved in any case", () => {
  for (const word of ["api", "API", "relay", "agent", "healthz", "s"]) expect(isReserved(word)).toBe(true);
  expect(isReserved("Ab3dE9fGh1")).toBe(false);
});
