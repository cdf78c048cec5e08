import { defineConfig } from "vitest/config";

/** Real workerd, ffmpeg and Chromium take their time on a busy machine; no test asserts a timing. */
const PATIENT = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  test: {
    ...PATIENT,
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
