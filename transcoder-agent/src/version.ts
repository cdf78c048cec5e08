/** The version in package.json, which lies one folder up from the sources and from the compiled files alike. */
import { readFileSync } from "node:fs";
import { z } from "zod";

export const VERSION: string = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))).version;
