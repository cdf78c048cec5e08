/** The script of a file's page; `player.ts` joins it where something plays. */
import { drawDetails } from "./file/details.ts";
import { startDeletion } from "./file/deletion.ts";
import { startRungs } from "./file/rungs.ts";
import { startText } from "./file/text.ts";
import { startViewer } from "./file/viewer.ts";
import { startWork } from "./file/work.ts";
import { startCopying } from "./lib/copy.ts";
import { followRecord, onRecord } from "./lib/current-record.ts";
import { find, seek } from "./lib/dom.ts";
import { ownerHeaders } from "./lib/owner.ts";
import { localizeTimes } from "./lib/when.ts";

startCopying();
localizeTimes();
startDeletion();
const headers = ownerHeaders(!find("#work", HTMLElement).hidden);
if (headers) {
  startWork(headers);
  startRungs(headers);
}
onRecord(drawDetails);
const viewer = seek("#viewer", HTMLElement);
if (viewer) startViewer(viewer);
const text = seek("#text", HTMLElement);
if (text) startText(text);
followRecord();
