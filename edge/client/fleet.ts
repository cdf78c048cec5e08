/** The script of the operator's pages: they follow what happens on the host, and their forms act. */
import { startForms } from "./fleet/forms.ts";
import { startLive } from "./fleet/live.ts";
import { startCopying } from "./lib/copy.ts";
import { localizeTimes } from "./lib/when.ts";

startCopying();
localizeTimes();
startForms(startLive());
