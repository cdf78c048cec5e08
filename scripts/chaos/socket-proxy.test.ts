import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type SocketProxy, startSocketProxy } from "./socket-proxy.ts";

let server: Server;
let proxy: SocketProxy;
let heard: string;

/** Answers each line with the same line. */
beforeEach(async () => {
  heard = "";
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      socket.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy = await startSocketProxy({ port: (server.address() as AddressInfo).port });
});
afterEach(async () => {
  await proxy.stop();
  await new Promise((resolve) => server.close(resolve));
});

async function dial(): Promise<Socket> {
  const socket = connect(Number(new URL(proxy.url).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** A reset is an end too. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString();
}

test("carries both ways, and a cut ends it for both", async () => {
  const socket = await dial();
  expect(await echo(socket, "hello")).toBe("hello");
  const closed = closing(socket);
  proxy.cut();
  await closed;
});

test("a silent line swallows all, tells nobody, and is reset when it is over", async () => {
  const socket = await dial();
  await echo(socket, "before");
  proxy.set("silent");
  let ended = false;
  const closed = closing(socket).then(() => (ended = true));
  socket.write("lost");
  const other = await dial();
  other.write("lost too");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([heard, ended]).toEqual(["before", false]);
  proxy.set("open");
  await closed;
  expect(await echo(await dial(), "after")).toBe("after");
  expect(heard).toBe("beforeafter");
});

test("a shut line refuses whoever comes, and open it takes them again", async () => {
  const socket = await dial();
  const closed = closing(socket);
  proxy.set("shut");
  await closed;
  const refused = connect(Number(new URL(proxy.url).port), "127.0.0.1");
  refused.on("error", () => {});
  await closing(refused);
  proxy.set("open");
  expect(await echo(await dial(), "again")).toBe("again");
});

test("a slow line keeps the order", async () => {
  const socket = await dial();
  proxy.delay(60);
  socket.write("one ");
  await new Promise((resolve) => setTimeout(resolve, 20));
  proxy.delay(0);
  socket.write("two");
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.length >= 7) break;
  }
  expect(text).toBe("one two");
});
