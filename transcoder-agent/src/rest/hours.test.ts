import { expect, test } from "vitest";
import { localTime, parseHours, withinHours, type Hours } from "./hours.ts";

function hours(text: string): Hours {
  const parsed = parseHours(text);
  if (parsed === null) throw new Error(`${text} was not understood`);
  return parsed;
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/** "tue 07:30" as a moment. */
function at(text: string) {
  const [day = "", clock = ""] = text.split(" ");
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return { day: DAYS.indexOf(day), minute: hour * 60 + minute };
}

test.each([
  ["09:00-17:00", ["mon 09:00", "sun 16:59"], ["mon 08:59", "mon 17:00"]],
  ["22:00-07:00", ["mon 22:00", "tue 06:59", "sat 23:00", "sun 01:00"], ["mon 07:00", "mon 21:59"]],
  [
    "mon-fri 19:00-08:00",
    ["mon 19:00", "tue 07:59", "fri 20:00", "sat 07:59"],
    ["mon 07:00", "sat 08:00", "sat 20:00", "sun 20:00"],
  ],
  ["sat 22:00-02:00", ["sat 22:00", "sun 01:59"], ["sun 02:00", "sun 22:00", "sat 01:00"]],
  ["fri-mon 12:00-13:00", ["fri 12:00", "sun 12:30", "mon 12:59"], ["tue 12:00", "thu 12:00"]],
  ["00:00-24:00", ["sun 00:00", "sat 23:59"], []],
  ["08:00-08:00", ["mon 07:59", "mon 08:00"], []],
  ["sat-sun 00:00-24:00", ["sat 00:00", "sun 23:59"], ["fri 23:59", "mon 00:00"]],
  ["22:00 - 23:00 ; Monday 1:00–2:00", ["tue 22:30", "mon 01:30"], ["tue 01:30", "mon 02:00"]],
  ["mon-fri 20:00-06:00, sat-sun 10:00-12:00", ["mon 21:00", "sun 11:00"], ["sun 21:00", "wed 11:00"]],
])("%s: works then and rests else", (text, works, rests) => {
  for (const moment of works) expect([moment, withinHours(hours(text), at(moment))]).toEqual([moment, true]);
  for (const moment of rests) expect([moment, withinHours(hours(text), at(moment))]).toEqual([moment, false]);
});

test.each([
  "",
  "night",
  "22-07",
  "25:00-07:00",
  "22:60-07:00",
  "24:00-07:00",
  "mon",
  "noday 10:00-11:00",
  "mo 1:00-2:00",
  "10:00-11:00,",
])("%j is not understood", (text) => {
  expect(parseHours(text)).toBeNull();
});

test("a moment is read off the clock on the wall", () => {
  const noon = new Date(2026, 10, 20, 12, 34);
  expect(localTime(noon)).toEqual({ day: 5, minute: 12 * 60 + 34 });
});
