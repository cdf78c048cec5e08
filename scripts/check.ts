/** `npm run check`: format, lint and walls, types, migrations in step with the schema. Fast enough for every save. */
import { runChecks } from "./checks.ts";

const results = await runChecks();
for (const { name, passed, output } of results) {
  console.log(`${passed ? "ok    " : "FAILED"} ${name}`);
  if (!passed) console.log(output);
}
process.exit(results.every((result) => result.passed) ? 0 : 1);
