/** `npm run dev`: `npm start` with the Worker and the browser scripts rebuilt when a source changes. */
import { watch } from "node:fs";
import { join } from "node:path";
import { root } from "./build-worker.ts";
import { readSettings, startStack, welcome } from "./local-stack.ts";
import { onStop } from "./on-stop.ts";

/** Editors write a file in several steps; wait until they are done. */
const SETTLE_MS = 200;
const WATCHED = [
  "edge/src",
  "edge/client",
  "edge/public/assets/app.css",
  "transcoder-agent/src/protocol",
  "migrations",
];

const settings = readSettings(process.env);
const stack = await startStack(settings);
onStop(() => stack.stop());
console.log(welcome(stack, settings));

let timer: NodeJS.Timeout | undefined;
let building = Promise.resolve();
for (const path of WATCHED) {
  watch(join(root, path), { recursive: true }, (_event, name) => {
    if (name?.endsWith(".test.ts")) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      building = building.then(rebuild);
    }, SETTLE_MS);
  });
}

async function rebuild(): Promise<void> {
  const started = Date.now();
  try {
    await stack.rebuild();
    console.log(`rebuilt in ${Date.now() - started} ms`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
  }
}
