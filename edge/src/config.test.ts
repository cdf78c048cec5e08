import { expect, test } from "vitest";
import { ConfigError, loadConfig } from "./config.ts";
import { DEFAULT_LADDER } from "./media/ladder.ts";

const SHARDS = '[{"binding":"SHARD_A","bucket":"one","lat":50,"lon":8,"budget_bytes":1000}]';
const load = (vars: Record<string, unknown>) =>
  loadConfig({ SHARDS, SHARD_A: {}, SIGNING_SECRET: "0123456789abcdef", ...vars } as unknown as Env);

test("without a word of it videos get 480, 720 and 1080", () => {
  expect(load({}).ladder).toEqual(DEFAULT_LADDER);
  expect(load({ LADDER: "" }).ladder).toEqual(DEFAULT_LADDER);
});

test("LADDER names other rungs and what they may spend", () => {
  const ladder = [
    { name: "360", ceiling: 800_000 },
    { name: "1440", ceiling: 9_000_000 },
  ];
  expect(load({ LADDER: JSON.stringify(ladder) }).ladder).toEqual(ladder);
});

test.each([
  ["no JSON", "480,720", "is not JSON"],
  ["no list", "{}", "expected array"],
  ["nothing in it", "[]", "needs a rung"],
  ["a name that is no number", '[{"name":"hd","ceiling":900000}]', "number of lines"],
  ["an odd number of lines", '[{"name":"481","ceiling":900000}]', "even"],
  ["kilobits for bits", '[{"name":"480","ceiling":1200}]', "bits per second"],
  ["no ceiling", '[{"name":"480"}]', "number"],
  ["a rung twice", '[{"name":"480","ceiling":900000},{"name":"480","ceiling":800000}]', "twice"],
])("LADDER with %s stops the Worker by its name", (_, LADDER, why) => {
  const loading = () => load({ LADDER });
  expect(loading).toThrow(ConfigError);
  expect(loading).toThrow(/The variable LADDER\b/);
  expect(loading).toThrow(why);
});
