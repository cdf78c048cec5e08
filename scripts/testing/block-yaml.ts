/**
 * Reads the YAML that our own manifests are written in: block maps and lists of plain or quoted scalars, comments,
 * several documents. For tests. Whatever else YAML knows (flow style, anchors, folded text, tabs) is refused, so that
 * nothing is read as something it is not.
 */
export type Yaml = string | number | boolean | null | Yaml[] | { [key: string]: Yaml };

interface Line {
  number: number;
  indent: number;
  text: string;
}

const KEY = /^("(?:[^"\\])*"|[A-Za-z0-9_./-]+):(?:\s+(.*))?$/;

export function parseDocuments(source: string): Yaml[] {
  return source
    .split(/^---$/m)
    .map((text) => linesOf(text))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const value = readBlock(lines, lines[0]?.indent ?? 0);
      if (lines[0]) throw wrong(lines[0], "stands at no level");
      return value;
    });
}

function linesOf(text: string): Line[] {
  return text.split("\n").flatMap((raw, at) => {
    const bare = raw.replace(/(^|\s)#.*$/, "").trimEnd();
    if (bare.trim() === "") return [];
    const line = { number: at + 1, indent: bare.search(/\S/), text: bare.trim() };
    if (raw.includes("\t")) throw wrong(line, "has a tab");
    return [line];
  });
}

/** Takes its lines off the front. */
function readBlock(lines: Line[], indent: number): Yaml {
  return lines[0]?.text.startsWith("- ") ? readList(lines, indent) : readMap(lines, indent);
}

function readList(lines: Line[], indent: number): Yaml[] {
  const list: Yaml[] = [];
  for (let [line] = lines; line?.indent === indent && line.text.startsWith("- "); [line] = lines) {
    const rest = line.text.slice(2);
    if (KEY.test(rest)) {
      // The first pair stands beside the dash, the others below it.
      lines[0] = { ...line, indent: indent + 2, text: rest };
      list.push(readMap(lines, indent + 2));
    } else {
      lines.shift();
      list.push(scalar(line, rest));
    }
  }
  return list;
}

function readMap(lines: Line[], indent: number): Yaml {
  const map: Record<string, Yaml> = {};
  for (let [line] = lines; line?.indent === indent; [line] = lines) {
    const [, quoted = "", value] = KEY.exec(line.text) ?? [];
    if (quoted === "") throw wrong(line, "is no pair of key and value");
    const key = quoted.replaceAll('"', "");
    if (key in map) throw wrong(line, `has ${key} a second time`);
    lines.shift();
    map[key] = value === undefined ? readBelow(lines, line) : scalar(line, value);
  }
  return map;
}

/** A list may stand at the level of its key. */
function readBelow(lines: Line[], parent: Line): Yaml {
  const [next] = lines;
  if (!next) return null;
  const list = next.text.startsWith("- ") && next.indent === parent.indent;
  return next.indent > parent.indent || list ? readBlock(lines, next.indent) : null;
}

function scalar(line: Line, text: string): Yaml {
  if (text.startsWith('"')) return JSON.parse(text) as string;
  if (/^['[{&*!|>%@`]/.test(text) || /:\s/.test(text)) throw wrong(line, "holds what we do not write");
  if (/^(true|false)$/.test(text)) return text === "true";
  if (/^(null|~|yes|no|on|off)$/i.test(text)) throw wrong(line, "is read in different ways: quote it");
  if (/^0\d+$/.test(text)) throw wrong(line, "is an octal number to some and a decimal one to others");
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function wrong({ number, text }: Line, what: string): Error {
  return new Error(`line ${number} ${what}: ${text}`);
}
