/**
 * What viewers are answered while a film is being made: a segment that was committed, in an object that is there.
 * The answer comes from the coordinator's claims, before the catalogue has heard of them, so nothing that is asked of
 * the catalogue would notice one that came too early.
 */
import type { Simulated } from "./simulated.ts";
import type { Complain } from "./violation.ts";

/** What a viewer had asked for. */
export interface Watched {
  fileId: string;
  track: string;
  segment: number;
}

/** `committed`: keys of all objects that a job had when it was done. */
export function watchViewers(parts: Simulated, committed: ReadonlySet<string>, complain: Complain): void {
  const { edge, catalogue, rotten, find } = parts;
  const broken = (text: string) => complain("I9 nothing uncommitted is served", text);
  edge.answered = ({ fileId, track, segment }, { objectKey, offset, length }) => {
    const what = `segment ${segment} of ${track} of ${fileId} was answered with ${objectKey}`;
    if (!committed.has(objectKey)) return broken(`${what}, which no job has committed`);
    if (!objectKey.startsWith(`r/${fileId}/`) || !objectKey.endsWith(`/${track}.mp4`))
      return broken(`${what}, which is of something else`);
    const [row] = catalogue.rows<{ state: string }>("select state from files where id = ?", fileId);
    // What is deleted goes at once, and what the storage loses is found by the daily sweep.
    if (row?.state !== "stored" || rotten.has(objectKey)) return;
    const stored = find(objectKey);
    if (!stored) return broken(`${what}, which is not there`);
    if (offset + length > stored.size) broken(`${what}, which ends before it`);
  };
}
