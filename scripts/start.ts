/** `npm start`: the local edge and its agents until Ctrl-C, data kept on disk. */
import { readSettings, startStack, welcome } from "./local-stack.ts";
import { onStop } from "./on-stop.ts";

try {
  const settings = readSettings(process.env);
  const stack = await startStack(settings);
  onStop(() => stack.stop());
  console.log(welcome(stack, settings));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
