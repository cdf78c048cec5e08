import { expect, test } from "vitest";
import { RECONNECT, endingOfClose, endingOfUpgrade, reconnectDelay } from "./ending.ts";

test.each([
  [401, "stop", /CAPCLOUD_KEY/],
  [403, "stop", /revoked/],
  [400, "outdated", /npx capcloud-agent@latest/],
  [404, "slowly", /--edge/],
  [301, "slowly", /redirects/],
  [429, "again", /trying again/],
  [503, "again", /trying again/],
])("an upgrade answered by %i leads to %s and says what to do", (status, next, sentence) => {
  const ending = endingOfUpgrade(status, "Because.", "edge.example");
  expect(ending.next).toBe(next);
  expect(ending.sentence).toMatch(sentence);
  expect(ending.sentence).toContain("Because.");
});

test.each([
  [4001, "stop", /key of its own/],
  [4003, "stop", /revoked/],
  [4008, "outdated", /capcloud-agent@latest/],
  [1006, "again", /reconnecting/],
])("a close with %i leads to %s", (code, next, sentence) => {
  expect(endingOfClose(code, "")).toMatchObject({ next, sentence: expect.stringMatching(sentence) });
});

test("tries spread over 0 to 30 s, growing to 60 s", () => {
  const windows = [0, 1, 2, 9].map((tries) => reconnectDelay(tries, true, "again", RECONNECT, () => 1));
  expect(windows).toEqual([30_000, 60_000, 60_000, 60_000]);
  expect(reconnectDelay(0, true, "again", RECONNECT, () => 0)).toBe(0);
});

test("a fresh start tries again soon, and less and less so", () => {
  const windows = [0, 1, 2, 20, 2_000].map((tries) =>
    reconnectDelay(tries, false, "again", RECONNECT, () => 1),
  );
  expect(windows).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
  for (const next of ["slowly", "outdated"] as const)
    expect(reconnectDelay(0, false, next, RECONNECT, () => 1)).toBe(60_000);
});
