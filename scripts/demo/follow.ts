/** Uploads by curl and follows a file until it is ready, through the public addresses only. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);

const UploadAnswer = z.object({
  id: z.string(),
  url: z.string(),
  raw_url: z.string(),
  thumbnail_url: z.string(),
  delete_url: z.string(),
});
export type UploadAnswer = z.infer<typeof UploadAnswer>;

const FileRecord = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(["processing", "ready", "partial", "failed"]),
  blurhash: z.string().nullish(),
  renditions: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      url: z.string().nullish(),
      type: z.string(),
      width: z.number().nullish(),
      height: z.number().nullish(),
      size: z.number().nullish(),
      state: z.enum(["waiting", "making", "ready", "failed"]),
      reason: z.string().nullish(),
    }),
  ),
  progress: z.object({ fraction: z.number(), agents: z.number(), waiting: z.string().nullish() }).nullish(),
});
export type FileRecord = z.infer<typeof FileRecord>;

const POLL_MS = 250;

/** `curl -T`, as a user would; `host` ends without a slash. */
export async function uploadByCurl(path: string, host: string): Promise<UploadAnswer> {
  const { stdout } = await run("curl", ["-sS", "--fail-with-body", "-T", path, `${host}/`]);
  return UploadAnswer.parse(JSON.parse(stdout));
}

export async function readRecord(host: string, id: string): Promise<FileRecord> {
  const response = await fetch(`${host}/api/files/${id}`);
  if (!response.ok) throw new Error(`GET /api/files/${id} answered ${response.status}.`);
  return FileRecord.parse(await response.json());
}

/** Resolves with the record when nothing more will come. Throws after `limitMs`. */
export async function untilSettled(
  host: string,
  id: string,
  limitMs: number,
  onProgress: (record: FileRecord) => void,
): Promise<FileRecord> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const record = await readRecord(host, id);
    onProgress(record);
    if (record.status !== "processing") return record;
    if (Date.now() > deadline) throw new Error(`${record.name} was not ready after ${limitMs / 1_000} s.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
