/** Containers that carry what nobody expects in them; for tests of what tools are kept from opening. */

function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, body]);
}

function chunk(id: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, "latin1");
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => bytes.writeUInt32LE(value, at * 4));
  return bytes;
}

/** An AVI with one stream of subtitles in GAB2 packing that are a playlist (CVE-2017-9993). */
export function aviWithPlaylist(playlist: string): Buffer {
  const text = Buffer.from(playlist, "utf8");
  const head = Buffer.alloc(17 + text.length);
  head.write("GAB2\0", "latin1");
  head.writeUInt16LE(2, 5);
  head.writeUInt32LE(0, 7);
  head.writeUInt16LE(4, 11);
  head.writeUInt32LE(text.length, 13);
  text.copy(head, 17);
  const format = words(40, 64, 64, 1 | (24 << 16), 0x47504a4d, 64 * 64 * 3, 0, 0, 0, 0);
  const times = (type: string, handler: string) =>
    Buffer.concat([Buffer.from(type + handler, "latin1"), words(0, 0, 0, 1, 25, 0, 1, 0, 0, 0, 0, 0)]);
  const list = (type: string, ...parts: Buffer[]) =>
    chunk("LIST", Buffer.concat([Buffer.from(type, "latin1"), ...parts]));
  const header = list(
    "hdrl",
    chunk("avih", words(40_000, 0, 0, 0, 1, 0, 2, 0, 64, 64, 0, 0, 0, 0)),
    list("strl", chunk("strh", times("vids", "MJPG")), chunk("strf", format)),
    list("strl", chunk("strh", times("txts", "DXSB")), chunk("strf", Buffer.alloc(0))),
  );
  const body = list("movi", chunk("01tx", head), chunk("00dc", Buffer.alloc(64)));
  return chunk("RIFF", Buffer.concat([Buffer.from("AVI ", "latin1"), header, body]));
}

const CONTAINERS = new Set(["moov", "trak", "mdia", "minf", "dinf"]);

/** The film with all its data references pointing to a file elsewhere; its tables must stand behind its frames. */
export function withReference(film: Buffer, path: string): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < film.length;) {
    const size = film.readUInt32BE(at);
    const type = film.toString("latin1", at + 4, at + 8);
    const body = film.subarray(at + 8, at + size);
    if (CONTAINERS.has(type)) parts.push(box(type, withReference(body, path)));
    else if (type === "dref") parts.push(box("dref", Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]), alias(path)));
    else parts.push(film.subarray(at, at + size));
    at += size;
  }
  return Buffer.concat(parts);
}

/** A Macintosh alias: names in fixed fields, no way relative to the film, then the path by type 2, then the end. */
function alias(path: string): Buffer {
  const head = Buffer.alloc(4 + 10 + 28 + 12 + 64 + 16 + 4 + 16);
  const name = path.split("/").at(-1) ?? "";
  head.writeUInt8(1, 14);
  head.write("x", 15);
  head.writeUInt8(Math.min(63, name.length), 54);
  head.write(name, 55, 63, "latin1");
  const text = Buffer.from(path, "latin1");
  const field = Buffer.alloc(4);
  field.writeInt16BE(2);
  field.writeInt16BE(text.length, 2);
  const end = Buffer.from([0xff, 0xff, 0, 0]);
  return box("alis", head, field, text, Buffer.alloc(text.length % 2), end);
}
