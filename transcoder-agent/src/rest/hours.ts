/**
 * When an agent may work: "22:00-07:00", "mon-fri 19:00-08:00, sat-sun 00:00-24:00". Pure: text in, spans of
 * the week out, and whether a local moment falls into one. Read by `config.ts`, asked by `resting.ts`.
 */

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

export interface Hours {
  /** As it was given, in one spelling. */
  text: string;
  /** Minutes of the week from Sunday 00:00 on, the end excluded; an end may lie in the next week. */
  spans: readonly (readonly [from: number, to: number])[];
}

/** A moment by this machine's own clock on the wall: what people mean by "22:00". */
export interface LocalTime {
  /** 0 is Sunday. */
  day: number;
  minute: number;
}

export const HOURS_HINT =
  'write it as "22:00-07:00" or "mon-fri 19:00-08:00, sat-sun 00:00-24:00", in local time';

/** Null where the text cannot be read. */
export function parseHours(text: string): Hours | null {
  const spans: [number, number][] = [];
  const entries = text.split(/[,;]/).map((entry) => entry.trim().toLowerCase().replaceAll(/\s+/g, " "));
  for (const entry of entries) {
    const parsed = parseEntry(entry);
    if (parsed === null) return null;
    spans.push(...parsed);
  }
  return { text: entries.join(", "), spans };
}

function parseEntry(entry: string): [number, number][] | null {
  const match = /^(?:([a-z]+)(?: ?- ?([a-z]+))? )?(\d{1,2}):(\d\d) ?[-–] ?(\d{1,2}):(\d\d)$/.exec(entry);
  if (!match) return null;
  const from = minuteOf(match[3], match[4]);
  const to = minuteOf(match[5], match[6]);
  const days = daysBetween(match[1], match[2]);
  if (from === null || to === null || days === null || from === DAY_MINUTES) return null;
  // A span that ends before it begins goes on into the next day; the same time twice is once around.
  const length = to > from ? to - from : to - from + DAY_MINUTES;
  return days.map((day) => [day * DAY_MINUTES + from, day * DAY_MINUTES + from + length]);
}

function minuteOf(hour: string | undefined, minute: string | undefined): number | null {
  const [hours, minutes] = [Number(hour), Number(minute)];
  const total = hours * 60 + minutes;
  return minutes < 60 && total <= DAY_MINUTES ? total : null;
}

/** From one day to another, around the weekend where it must; every day where none is named. */
function daysBetween(first: string | undefined, last: string | undefined): number[] | null {
  if (first === undefined) return DAYS.map((_, day) => day);
  const from = dayOf(first);
  const to = last === undefined ? from : dayOf(last);
  if (from < 0 || to < 0) return null;
  const count = ((to - from + 7) % 7) + 1;
  return Array.from({ length: count }, (_, index) => (from + index) % 7);
}

/** By its first three letters: "mon" and "monday" are one. */
function dayOf(name: string): number {
  return DAYS.findIndex((day) => name === day || (name.startsWith(day) && name.endsWith("day")));
}

export function localTime(now: Date): LocalTime {
  return { day: now.getDay(), minute: now.getHours() * 60 + now.getMinutes() };
}

export function withinHours({ spans }: Hours, { day, minute }: LocalTime): boolean {
  const at = day * DAY_MINUTES + minute;
  return spans.some(([from, to]) => (from <= at && at < to) || at + WEEK_MINUTES < to);
}
