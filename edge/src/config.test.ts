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

test("without a word of it there is one pool", () => {
  expect(load({}).pools).toEqual(["main"]);
  expect(load({ POOLS: " " }).pools).toEqual(["main"]);
  expect(load({ POOLS: "main, second" }).pools).toEqual(["main", "second"]);
});

test.each([
  ["a name missing", "main,", "a list such as"],
  ["letters that are no part of an address", "main, Zweiter", "small letters"],
  ["a dot, which ends a job's pool", "main.x", "small letters"],
  ["a pool twice", "main, main", "twice"],
  ["too many", Array.from({ length: 17 }, (_, at) => `p${at}`).join(), "more than 16"],
])("POOLS with %s stops the Worker by its name", (_, POOLS, why) => {
  expect(() => load({ POOLS })).toThrow(/The variable POOLS\b/);
  expect(() => load({ POOLS })).toThrow(why);
});

const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;

test("without WEBHOOK_URL nobody is told anything, and nothing else is asked for", () => {
  expect(load({ WEBHOOK_URL: "", WEBHOOK_SECRET: "" }).webhook).toBeNull();
});

test("a receiver has an address and one secret, or two while they change", () => {
  const url = "https://hooks.example.com/capcloud";
  expect(load({ WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET }).webhook).toMatchObject({
    url,
    secrets: [SECRET],
  });
  const two = load({ WEBHOOK_URL: url, WEBHOOK_SECRET: `${SECRET} ${SECRET}` }).webhook;
  expect(two?.secrets).toEqual([SECRET, SECRET]);
});

test.each([
  ["no secret", { WEBHOOK_SECRET: "" }, "WEBHOOK_SECRET"],
  ["a secret by hand", { WEBHOOK_SECRET: "secret" }, "WEBHOOK_SECRET"],
  ["three secrets", { WEBHOOK_SECRET: `${SECRET} ${SECRET} ${SECRET}` }, "two secrets at most"],
  ["http", { WEBHOOK_URL: "http://hooks.example.com/" }, "https://"],
  ["a machine of the same network", { WEBHOOK_URL: "https://192.168.1.7/" }, "WEBHOOK_ALLOW_PRIVATE"],
  [
    "this host itself",
    { WEBHOOK_URL: "https://files.example.com/x", PUBLIC_URL: "https://files.example.com" },
    "back to this host",
  ],
  ["half a metrics token", { METRICS_TOKEN: "ccm_short" }, "METRICS_TOKEN"],
])("a webhook with %s stops the Worker with what to mend", (_, vars, why) => {
  const loading = () => load({ WEBHOOK_URL: "https://hooks.example.com/", WEBHOOK_SECRET: SECRET, ...vars });
  expect(loading).toThrow(ConfigError);
  expect(loading).toThrow(why);
});
