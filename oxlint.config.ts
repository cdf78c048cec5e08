/**
 * Lint rules, and the walls of the house: which room may import which, and which single file may touch what.
 * `docs/house.md` has the same in words. Each wall is one row of a table below.
 */
import { defineConfig } from "oxlint";

/** Level 0 is the ground; a room imports only from lower levels. */
const LEVELS: readonly (readonly string[])[] = [
  ["db", "http", "storage", "media"],
  ["activity"],
  ["catalog", "identity"],
  ["coordinator", "sharing"],
  ["upload", "delivery", "fleet"],
  ["pages"],
];
/** Rooms of one level that may still use one another, downwards only: from → to. */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  storage: ["http", "media"],
  http: ["db"],
  identity: ["catalog"],
  fleet: ["delivery"],
};

const ROOMS = LEVELS.flat();

interface Ban {
  group: string[];
  message: string;
  /** Knowing what a thing looks like is not touching it. */
  allowTypeImports?: boolean;
}

const HONO: Ban = {
  group: ["hono", "hono/*"],
  message: "Only routes, pages/, http/ and index.ts know Hono.",
};
const CLOUDFLARE: Ban = {
  group: ["cloudflare:*"],
  message: "Only coordinator/coordinator.ts and index.ts know cloudflare:workers.",
};
const DRIZZLE: Ban = {
  group: ["drizzle-orm", "drizzle-orm/*"],
  message: "D1 is spoken to in catalog, identity, sharing and activity only; call a function of theirs.",
};
const SIGNING: Ban = { group: ["aws4fetch"], message: "Only storage/sign.ts signs addresses." };
const NODE: Ban = {
  group: ["node:fs*", "node:net", "node:http*", "node:child_process"],
  message: "The Worker has no machine below it.",
};
const IMPURE: Ban = {
  group: ["**/pool.ts", "**/turns.ts", "**/store/*", "**/frames/*", "**/db/client.ts", "**/catalog/files.ts"],
  message: "The ledger decides and touches nothing: rows and time are handed to it.",
  allowTypeImports: true,
};
const SPAWN: Ban = {
  group: ["node:child_process", "child_process", "fluent-ffmpeg"],
  message: "Only ffmpeg/run.ts starts processes.",
};
const TRANSFER: Ban = { group: ["undici"], message: "Only transfer.ts talks to signed addresses." };

/** Imports of rooms on the same or a higher level. */
function upward(room: string): Ban {
  const level = LEVELS.findIndex((names) => names.includes(room));
  const barred = LEVELS.slice(level)
    .flat()
    .filter((other) => other !== room && !(NEIGHBOURS[room] ?? []).includes(other));
  return {
    group: [...barred.map((other) => `**/${other}/**`), "**/index.ts"],
    message: `Rooms import from lower levels only; ${room}/ stands on level ${level}.`,
  };
}

function walls(files: string[], patterns: Ban[]) {
  return { files, rules: { "no-restricted-imports": ["error", { patterns }] as const } };
}

const SPEAKS_TO_D1 = new Set(["db", "catalog", "identity", "sharing", "activity"]);

/** The walls of one room: for all its files, then, more leniently, for the files that may know more. */
function roomWalls(room: string) {
  const bans = [upward(room), CLOUDFLARE, SIGNING, NODE, ...(SPEAKS_TO_D1.has(room) ? [] : [DRIZZLE])];
  const knowsHono = room === "http" || room === "pages";
  const all = [`edge/src/${room}/**/*.{ts,tsx}`];
  return [
    walls(all, knowsHono ? bans : [...bans, HONO]),
    walls(
      [`edge/src/${room}/routes.ts`, `edge/src/${room}/*-routes.ts`, `edge/src/${room}/routes/*.ts`],
      bans,
    ),
  ];
}

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "promise"],
  categories: { correctness: "error", suspicious: "error" },
  ignorePatterns: ["dist", ".tsbuild", "edge/worker-configuration.d.ts", "edge/public"],
  rules: {
    "import/no-cycle": "error",
    "max-lines": ["error", { max: 300 }],
    "max-lines-per-function": ["error", { max: 50, skipComments: true, skipBlankLines: true }],
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    // tsc's noImplicitReturns knows that an exhaustive switch returns; this rule does not.
    "typescript/consistent-return": "off",
    "consistent-return": "off",
    "typescript/no-non-null-assertion": "error",
    eqeqeq: "error",
    "no-console": "error",
    // Sequential awaits are the point where order matters; the rule cannot tell.
    "no-await-in-loop": "off",
    "import/no-unassigned-import": "off",
    "no-shadow": "off",
    "import/no-named-as-default-member": "off",
    "unicorn/no-array-sort": "off",
    // Argument lists read better in groups.
    "unicorn/no-useless-spread": "off",
    "unicorn/consistent-function-scoping": "off",
    "typescript/no-unsafe-type-assertion": "off",
  },
  overrides: [
    ...ROOMS.flatMap(roomWalls),
    walls(["edge/src/storage/sign.ts"], [upward("storage"), CLOUDFLARE, NODE, DRIZZLE, HONO]),
    walls(["edge/src/coordinator/coordinator.ts"], [upward("coordinator"), SIGNING, NODE, DRIZZLE, HONO]),
    walls(
      ["edge/src/coordinator/ledger/*.ts"],
      [upward("coordinator"), IMPURE, CLOUDFLARE, SIGNING, NODE, DRIZZLE, HONO],
    ),
    walls(["edge/src/config.ts"], [HONO, CLOUDFLARE, DRIZZLE, SIGNING, NODE]),
    walls(["transcoder-agent/src/**/*.ts"], [SPAWN, TRANSFER]),
    walls(["transcoder-agent/src/ffmpeg/run.ts", "transcoder-agent/src/rest/nvidia.ts"], [TRANSFER]),
    walls(["transcoder-agent/src/transfer.ts"], [SPAWN]),
    {
      files: [
        "**/*.test.{ts,tsx}",
        "edge/src/**/testing/**",
        "edge/test/**",
        "transcoder-agent/src/testing/**",
      ],
      rules: { "max-lines-per-function": "off", "no-restricted-imports": "off", "max-lines": "off" },
    },
    // The surroundings of a Worker, played: all of it runs in Node.
    { files: ["edge/src/**/simulation/**"], rules: { "no-restricted-imports": "off" } },
    { files: ["scripts/**", "docs/recipes/**"], rules: { "no-console": "off" } },
  ],
});
