/**
 * An agent for tests: a real WebSocket that speaks the protocol by hand, so that a test says each frame, also
 * twice, late or wrong. Makes no renditions; it uploads whatever it is told.
 */
import { WebSocket } from "ws";
import {
  CoordinatorFrame,
  JobKind,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
  type AgentFrame,
  type Complete,
  type Grant,
  type LeaseRef,
  type Slots,
  type Welcome,
} from "#protocol";

type Unnumbered<F> = F extends unknown ? Omit<F, "seq"> : never;
type FrameOf<T extends CoordinatorFrame["type"]> = Extract<CoordinatorFrame, { type: T }>;

const LIMIT_MS = 15_000;
export const SLOTS: Slots = { gpu: 0, cpu: 2, io: 4 };

export interface Upload {
  name: string;
  type: string;
  bytes: Uint8Array;
}

export class TestAgent {
  readonly boot: string;
  readonly #url: string;
  readonly #key: string;
  /** Where it knocks: the door, or what a `move` told. */
  readonly #path: string;
  #socket: WebSocket | null = null;
  #seq = 0;
  readonly frames: CoordinatorFrame[] = [];
  closed: { code: number; reason: string } | null = null;

  constructor(url: string, key: string, boot = `boot-${Math.random()}`, path = "/agent") {
    this.#url = url.replace(/^http/, "ws");
    this.#key = key;
    this.boot = boot;
    this.#path = path;
  }

  async connect(): Promise<this> {
    this.closed = null;
    const socket = new WebSocket(`${this.#url}${this.#path}`, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${this.#key}` },
    });
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      if (text !== "pong") this.frames.push(CoordinatorFrame.parse(JSON.parse(text)));
    });
    socket.on("close", (code, reason) => (this.closed = { code, reason: reason.toString() }));
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
      socket.once("unexpected-response", (_, response) => reject(new Error(String(response.statusCode))));
    });
    return this;
  }

  /** A later connection of the same boot counts on. */
  startSeqAt(seq: number): void {
    this.#seq = seq;
  }

  /** The text as it is. */
  sendRaw(text: string): void {
    this.#socket?.send(text);
  }

  send(frame: Unnumbered<AgentFrame>, seq = (this.#seq += 1)): number {
    this.sendRaw(JSON.stringify({ ...frame, seq }));
    return seq;
  }

  async ask(frame: Unnumbered<AgentFrame>, seq?: number): Promise<CoordinatorFrame> {
    const before = this.frames.length;
    const sent = this.send(frame, seq);
    return this.until((reply) => "re" in reply && reply.re === sent, before);
  }

  async until(
    matches: (frame: CoordinatorFrame) => boolean,
    from = 0,
    limit = LIMIT_MS,
  ): Promise<CoordinatorFrame> {
    return eventually(() => this.frames.slice(from).find(matches) ?? null, limit);
  }

  async hello(
    held: LeaseRef[] = [],
    kinds: JobKind[] = JobKind.options,
    slots: Slots = SLOTS,
  ): Promise<Welcome> {
    const reply = await this.ask({
      ...{ type: "hello", protocol: PROTOCOL_VERSION, agentVersion: "0", bootId: this.boot, label: "test" },
      capabilities: {
        ...{ kinds, encoders: ["libx264"], ffmpeg: "5", cores: 2, memoryBytes: 1, platform: "test" },
      },
      ...{ slots, held },
    });
    if (reply.type !== "welcome") throw new Error(`no welcome: ${JSON.stringify(reply)}`);
    return reply;
  }

  /** Greeted, and ready for as much as it has. */
  async start(held: LeaseRef[] = [], kinds?: JobKind[], slots: Slots = SLOTS): Promise<Welcome> {
    const welcome = await this.hello(held, kinds, slots);
    this.ready(slots);
    // Answered in order: afterwards it counts as ready.
    await this.ask({ type: "renew", leases: [] });
    return welcome;
  }

  ready(slots: Slots = SLOTS): void {
    this.send({ type: "ready", slots });
  }

  /** The next grant that no earlier call has answered. */
  async grant(kind?: JobKind): Promise<Grant> {
    const frame = await this.until(
      (one) => one.type === "grant" && !this.#taken.has(one.seq) && (!kind || one.recipe.kind === kind),
    );
    this.#taken.add(frame.seq);
    return frame as FrameOf<"grant">;
  }
  readonly #taken = new Set<number>();

  grants(): Grant[] {
    return this.frames.filter((frame) => frame.type === "grant");
  }

  /** Signs, uploads and answers the objects as a completion names them. */
  async upload(lease: LeaseRef, uploads: Upload[]): Promise<Complete["objects"]> {
    const outputs = uploads.map(({ name, type, bytes }) => ({ name, type, size: bytes.length }));
    const signed = await this.ask({ type: "sign", lease, inputs: [], outputs, parts: [] });
    if (signed.type !== "signed") throw new Error(`not signed: ${JSON.stringify(signed)}`);
    return Promise.all(
      uploads.map(async ({ name, bytes }) => {
        const output = signed.outputs[name];
        if (!output || !("put" in output)) throw new Error(`no address for ${name}`);
        const { url, headers } = output.put;
        const response = await fetch(url, { method: "PUT", headers, body: bytes.slice().buffer });
        if (!response.ok) throw new Error(`PUT ${name}: ${response.status} ${await response.text()}`);
        const etag = response.headers.get("etag") ?? "";
        return { name, size: bytes.length, etag: etag.replaceAll('"', "") };
      }),
    );
  }

  complete(lease: LeaseRef, objects: Complete["objects"], result: Complete["result"], seq?: number) {
    return this.ask({ type: "complete", lease, objects, result }, seq);
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    socket.close(1000);
    await eventually(() => this.closed, LIMIT_MS);
  }

  /** As a killed process leaves it. */
  kill(): void {
    this.#socket?.terminate();
  }
}

/** Waits for a value that is neither null nor false. */
export async function eventually<T>(
  look: () => T | null | false | Promise<T | null | false>,
  limit = LIMIT_MS,
): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (Date.now() > end)
      throw new Error(`nothing came within ${limit} ms: ${look.toString().slice(0, 200)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
