#!/usr/bin/env node
/**
 * Wakes sleeping machines when a CapCloud Edge wants agents: receives its webhook, checks the signature, and sends
 * Wake-on-LAN packets. Runs on something small that is always on (a router, a Raspberry Pi), with Node 20 or newer
 * and nothing else. docs/operations.md tells how the edge reaches it.
 *
 *   WEBHOOK_SECRET=whsec_… MACS=aa:bb:cc:dd:ee:ff node wake-on-lan.mjs
 *
 * WEBHOOK_SECRET   as the edge has it; two, parted by a space, while they change
 * MACS             of the machines to wake, parted by commas
 * BROADCAST        where the packets go: 255.255.255.255, or the broadcast address of a network (192.168.1.255)
 * WOL_PORT         9
 * HOST, PORT       where this listens: 127.0.0.1 and 9000
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer } from "node:http";

const { BROADCAST = "255.255.255.255", HOST = "127.0.0.1" } = process.env;
const WOL_PORT = Number(process.env.WOL_PORT ?? 9);
const PORT = Number(process.env.PORT ?? 9000);
const secrets = (process.env.WEBHOOK_SECRET ?? "").split(/[\s,]+/).filter((secret) => secret !== "");
const macs = (process.env.MACS ?? "").split(/[\s,]+/).filter((mac) => mac !== "");

if (secrets.length === 0 || !secrets.every((secret) => secret.startsWith("whsec_"))) {
  stop("WEBHOOK_SECRET is missing: it is whsec_… as the edge has it.");
}
if (macs.length === 0 || !macs.every((mac) => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(mac))) {
  stop("MACS is missing or wrong: write aa:bb:cc:dd:ee:ff,11:22:33:44:55:66");
}

/** Seconds. What is older was sent again by somebody who listened. */
const WINDOW_S = 300;
const MOST_BYTES = 65_536;
/** Of packets, some of which get lost: how many, and milliseconds between them. */
const PACKETS = 3;
const BETWEEN_MS = 200;

/** Ids of the last minutes: an event that comes twice wakes nobody twice. */
const seen = new Map();

const server = createServer((request, response) => {
  receive(request)
    .then((status) => response.writeHead(status).end())
    .catch((error) => {
      console.error(error.message);
      response.writeHead(500).end();
    });
});
server.listen(PORT, HOST, () => console.log(`waits for events at http://${HOST}:${server.address().port}`));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));

/** Answers the status. An event counts as taken only once the packets are out. */
async function receive(request) {
  if (request.method !== "POST") return 405;
  const body = await readBody(request);
  if (body === null) return 413;
  const {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures,
  } = request.headers;
  if (!isGenuine(id, timestamp, signatures, body)) return 401;
  if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > WINDOW_S) return 401;
  if (seen.has(id)) return 204;
  const { type, data } = JSON.parse(body);
  if (type === "fleet.wanted") {
    console.log(`${data.jobs_waiting} jobs wait (${data.reason}): waking ${macs.join(", ")}`);
    await wake();
  } else {
    console.log(`${type} ${JSON.stringify(data)}`);
  }
  remember(id);
  return 204;
}

async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** By any of the secrets and any of the signatures, as github.com/standard-webhooks says. */
function isGenuine(id, timestamp, signatures, body) {
  if (!id || !timestamp || !signatures) return false;
  return secrets.some((secret) => {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const right = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
    return signatures.split(" ").some((signature) => {
      const [version, text = ""] = signature.split(",");
      const given = Buffer.from(text, "base64");
      return version === "v1" && given.length === right.length && timingSafeEqual(given, right);
    });
  });
}

function remember(id) {
  const now = Date.now();
  seen.set(id, now);
  // Twice the window: its edges lie on both sides of now.
  for (const [old, at] of seen) if (now - at > 2 * WINDOW_S * 1_000) seen.delete(old);
}

/** Six bytes of ones, then the address sixteen times. */
async function wake() {
  const socket = createSocket("udp4");
  try {
    await new Promise((resolve) => socket.bind(0, resolve));
    socket.setBroadcast(true);
    for (let packet = 0; packet < PACKETS; packet++) {
      if (packet > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
      for (const mac of macs) await send(socket, magicPacket(mac));
    }
  } finally {
    socket.close();
  }
}

function magicPacket(mac) {
  const address = Buffer.from(mac.replaceAll(/[:-]/g, ""), "hex");
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)]);
}

function send(socket, packet) {
  return new Promise((resolve, reject) => {
    socket.send(packet, WOL_PORT, BROADCAST, (error) => (error ? reject(error) : resolve()));
  });
}

function stop(sentence) {
  console.error(sentence);
  process.exit(2);
}
