/** Imported first in a simulation's thread: what the real code imports of the platform is ours from here on. */
import { registerHooks } from "node:module";

const STAND_INS: Readonly<Record<string, string>> = {
  "cloudflare:workers": new URL("./modules/workers.ts", import.meta.url).href,
  ws: new URL("./modules/ws.ts", import.meta.url).href,
};

registerHooks({
  resolve: (specifier, context, next) => {
    const url = STAND_INS[specifier];
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
  },
});
