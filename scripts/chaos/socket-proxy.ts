/**
 * Stands between one agent and the edge, as raw TCP: the line may be cut, shut, slow, or dead without anybody
 * being told (half-open). Frames are not looked into. The nemesis sets what the line does.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * `open`: carries. `shut`: refuses whoever comes, as a network that is gone. `silent`: takes and swallows all, both
 * ways; whatever was connected then is beyond repair and is reset afterwards.
 */
export type LineState = "open" | "shut" | "silent";

export interface SocketProxy {
  /** As an agent's `--edge`. */
  url: string;
  /** Ends everything that is connected now, at once. */
  cut(): void;
  set(state: LineState): void;
  /** Milliseconds more, each way, from now on. */
  delay(ms: number): void;
  stop(): Promise<void>;
}

interface Line {
  near: Socket;
  far: Socket;
  /** Bytes were swallowed: what follows them would be out of step. */
  broken: boolean;
}

export async function startSocketProxy(target: { port: number }): Promise<SocketProxy> {
  const lines = new Set<Line>();
  const mood = { state: "open" as LineState, delayMs: 0 };
  const server = createServer((near) => {
    if (mood.state === "shut") return void near.resetAndDestroy();
    join(near, connect(target.port, "127.0.0.1"), lines, mood);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (some: (line: Line) => boolean) => {
    for (const line of lines) if (some(line)) end(line, lines);
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => cut(() => true),
    set: (state) => {
      mood.state = state;
      if (state === "shut") cut(() => true);
      if (state === "open") cut(({ broken }) => broken);
    },
    delay: (ms) => (mood.delayMs = ms),
    stop: async () => {
      cut(() => true);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Mood {
  state: LineState;
  delayMs: number;
}

function join(near: Socket, far: Socket, lines: Set<Line>, mood: Mood): void {
  const line: Line = { near, far, broken: false };
  lines.add(line);
  for (const socket of [near, far]) {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => {
      // Of a dead line nobody hears, not even of its end.
      if (mood.state === "silent") return void (line.broken = true);
      lines.delete(line);
      near.destroySoon();
      far.destroySoon();
    });
  }
  carry(near, far, line, mood);
  carry(far, near, line, mood);
}

function carry(from: Socket, to: Socket, line: Line, mood: Mood): void {
  /** When what was sent before is through: a shorter delay must not overtake a longer one. */
  let through = 0;
  from.on("data", (chunk: Buffer) => {
    if (mood.state === "silent") {
      line.broken = true;
      return;
    }
    const wait = Math.max(through, performance.now() + mood.delayMs) - performance.now();
    if (wait <= 0) return write(from, to, chunk);
    through = performance.now() + wait;
    setTimeout(() => write(from, to, chunk), wait);
  });
}

function write(from: Socket, to: Socket, chunk: Buffer): void {
  if (to.destroyed) return;
  if (to.write(chunk)) return;
  from.pause();
  to.once("drain", () => from.resume());
}

function end(line: Line, lines: Set<Line>): void {
  if (!lines.delete(line)) return;
  for (const socket of [line.near, line.far]) if (!socket.destroyed) socket.resetAndDestroy();
}
