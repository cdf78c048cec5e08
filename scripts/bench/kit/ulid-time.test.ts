import { expect, test } from "vitest";
import { ulid } from "../../../edge/src/catalog/ids.ts";
import { timeOfJob } from "./ulid-time.ts";

test("a job's id tells when it was made", () => {
  expect(timeOfJob(`main.${ulid(1_795_176_523_379)}`)).toBe(1_795_176_523_379);
});
