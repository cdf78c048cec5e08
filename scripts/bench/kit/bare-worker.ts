/**
 * The barest Worker that keeps and serves bytes: R2 put and get, nothing else, in a workerd of the same version.
 * The other side of every ratio about moving bytes.
 */
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import type { Bench } from "../benchmark.ts";

const SCRIPT = `export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    if (request.method === "PUT") {
      const { size } = await env.BUCKET.put(key, request.body);
      return Response.json({ size });
    }
    if (request.method === "DELETE") {
      await env.BUCKET.delete(key);
      return new Response(null, { status: 204 });
    }
    const ranged = request.headers.has("range");
    const object = await env.BUCKET.get(key, ranged ? { range: request.headers } : {});
    if (object === null) return new Response(null, { status: 404 });
    const length = ranged ? object.range.length : object.size;
    const { readable, writable } = new FixedLengthStream(length);
    object.body.pipeTo(writable);
    return new Response(readable, { status: ranged ? 206 : 200 });
  },
};`;

/** Answers where it listens. Keeps its bytes in the benchmark's folder. */
export async function startBareWorker(bench: Bench): Promise<string> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "bare",
      modules: true,
      script: SCRIPT,
      compatibilityDate: "2026-11-01",
      r2Buckets: ["BUCKET"],
      host: "127.0.0.1",
      port: 0,
      log: new Log(LogLevel.ERROR),
      resourcePersistencePath: `${bench.folder}/bare`,
      telemetry: { enabled: false },
    }),
  );
  bench.defer(() => miniflare.dispose());
  const url = await miniflare.ready;
  return url.origin;
}
