/**
 * An agent that does no work, as lean as can be: many of them share this process, whose cores are the edge's too.
 * A real socket and real frames, put together from text and looked through without checking. A cycle is grant,
 * then completion or release, then acknowledgement, then `ready`.
 */
import { WebSocket } from "ws";
import { type Complete, type Grant, JobKind, type LeaseRef, PROTOCOL_VERSION, SUBPROTOCOL } from "#protocol";

/** What all agents do with a grant, and what came of it. */
export interface Course {
  mode: "idle" | "release" | "complete";
  /** What every job is said to have made. */
  result: Complete["result"];
  /** Cycles acknowledged. */
  done: number;
  /** From a frame to its acknowledgement; milliseconds. */
  repliesMs: number[];
}

const SLOT = '{"gpu":0,"cpu":0,"io":1}';
/** As real ones do; otherwise the edge takes the link for dead after a minute. */
const PING_MS = 20_000;

export class CyclingAgent {
  readonly #socket: WebSocket;
  readonly #course: Course;
  readonly #result: string;
  #seq = 0;
  #asked = 0;
  /** What it did with its latest grant: an answer that comes after a change of course is not counted. */
  #did: Course["mode"] = "idle";

  private constructor(socket: WebSocket, course: Course) {
    this.#socket = socket;
    this.#course = course;
    this.#result = JSON.stringify(course.result);
  }

  /** Resolves when the coordinator has welcomed it; it takes nothing before `open`. */
  static async connect(host: string, key: string, label: string, course: Course): Promise<CyclingAgent> {
    const headers = { authorization: `Bearer ${key}` };
    const options = { headers, perMessageDeflate: false };
    const socket = new WebSocket(`${host.replace(/^http/, "ws")}/agent`, SUBPROTOCOL, options);
    const agent = new CyclingAgent(socket, course);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    const welcome = new Promise((resolve) => socket.once("message", resolve));
    agent.#tell(`"type":"hello",${helloOf(label)}`);
    await welcome;
    socket.on("message", (data: Buffer) => agent.#hear(data.toString()));
    const ping = setInterval(() => socket.send("ping"), PING_MS);
    socket.once("close", () => clearInterval(ping));
    return agent;
  }

  open(): void {
    this.#tell(`"type":"ready","slots":${SLOT}`);
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.close(1000);
    await closed;
  }

  #hear(text: string): void {
    if (text.startsWith('{"type":"grant"')) this.#take((JSON.parse(text) as Grant).lease);
    else if (text.startsWith('{"type":"accepted"')) this.#finish();
  }

  #take(lease: LeaseRef): void {
    const named = `"lease":${JSON.stringify(lease)}`;
    this.#asked = performance.now();
    this.#did = this.#course.mode;
    if (this.#course.mode === "complete") {
      this.#tell(`"type":"complete",${named},"objects":[],"result":${this.#result}`);
    } else this.#tell(`"type":"release",${named}`);
  }

  #finish(): void {
    const { mode, repliesMs } = this.#course;
    if (mode === "idle") return;
    if (mode === this.#did) {
      this.#course.done += 1;
      repliesMs.push(performance.now() - this.#asked);
    }
    this.open();
  }

  #tell(fields: string): void {
    this.#seq += 1;
    this.#socket.send(`{${fields},"seq":${this.#seq}}`);
  }
}

function helloOf(label: string): string {
  const capabilities = {
    ...{ kinds: [...JobKind.options], encoders: ["libx264"], ffmpeg: "5.1" },
    ...{ cores: 1, memoryBytes: 1_000_000_000, platform: "simulated" },
  };
  const hello = {
    ...{ protocol: PROTOCOL_VERSION, agentVersion: "0.0.0", bootId: crypto.randomUUID(), label },
    ...{ capabilities, slots: JSON.parse(SLOT) as unknown, held: [] },
  };
  return JSON.stringify(hello).slice(1, -1);
}
