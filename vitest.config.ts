import { defineConfig } from "vitest/config";

/** Real workerd, ffmpeg and Chromium take their time on a busy machine; no test asserts a timing. */
const PATIENT = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  test: {
    ...PATIENT,
    // Real processes on a shared machine may starve for seconds; what fails twice is broken. Only where nobody
    // watches: at a desk the first failure is the one to look at.
    retry: process.env["CI"] ? 1 : 0,
    // Two cores are the least we are built for; more forks than cores only make each other late.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "rooms",
          include: [
            "edge/src/**/*.test.{ts,tsx}",
            "edge/client/**/*.test.ts",
            "transcoder-agent/src/**/*.test.ts",
            "scripts/**/*.test.ts",
          ],
        },
      },
      {
        extends: true,
        test: {
          name: "journeys",
          include: ["edge/test/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
        },
      },
    ],
  },
});
