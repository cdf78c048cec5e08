/**
 * The agent's own page for whoever watches over its machine: `/healthz` and `/metrics`, on request only and on
 * loopback unless told otherwise. Started by `agent.ts`; only reads.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { metricsOf, type Health } from "./health.ts";
import type { HealthDoor } from "../settings/setting-values.ts";
import { ConfigError } from "../settings/settings.ts";

export class HealthServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start({ host, port }: HealthDoor, read: () => Health): Promise<HealthServer> {
    const server = createServer({ keepAliveTimeout: 5_000 }, (request, response) =>
      answer(request, response, read),
    );
    server.listen(port, host);
    try {
      await once(server, "listening");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ConfigError(`--health-port ${host}:${port} cannot be used (${reason}): give another one.`);
    }
    // What this page answers is worth less than the process's end.
    server.unref();
    return new HealthServer(server);
  }

  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function answer(request: IncomingMessage, response: ServerResponse, read: () => Health): void {
  const path = (request.url ?? "").replace(/\?.*$/, "");
  const send = (status: number, type: string, text: string) =>
    void response
      .writeHead(status, {
        "content-type": type,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      })
      .end(request.method === "HEAD" ? undefined : text);
  if (request.method !== "GET" && request.method !== "HEAD") return send(405, "text/plain", "Only GET.\n");
  const health = read();
  if (path === "/healthz")
    return send(health.ok ? 200 : 503, "application/json", `${JSON.stringify(health)}\n`);
  if (path === "/metrics") return send(200, "text/plain; version=0.0.4", metricsOf(health));
  return send(404, "text/plain", "There are /healthz and /metrics here.\n");
}
