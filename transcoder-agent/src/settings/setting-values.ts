/** What the values of settings look like, as schemas whose messages say how to write them. Used by `config.ts`. */
import { z } from "zod";
import type { Slots } from "../protocol.ts";
import { HOURS_HINT, parseHours, type Hours } from "../rest/hours.ts";

/** Up to a day. */
export const seconds = z.coerce
  .number({ error: "give a number of seconds" })
  .nonnegative("give a number of seconds from 0 on")
  .max(86_400, "give at most 86400 seconds, which is a day");

/** How long an idle agent waits before it ends, where no number is given: seconds. */
const IDLE_SECONDS = 300;

export const idleSeconds = z.preprocess((value) => (value === "true" ? IDLE_SECONDS : value), seconds);

export const onOff = z
  .enum(["true", "1", "yes", "on", "false", "0", "no", "off"], { error: "write true or false" })
  .transform((text) => ["true", "1", "yes", "on"].includes(text));

export const SlotList = z.string().transform((text, context): Partial<Slots> => {
  const slots: Partial<Slots> = {};
  for (const entry of text.split(",")) {
    const match = /^\s*(gpu|cpu|io)\s*=\s*(\d{1,3})\s*$/.exec(entry);
    if (!match) {
      context.addIssue({
        code: "custom",
        message: 'write it as "cpu=2,io=4,gpu=0", leaving out what is to be found',
      });
      return z.NEVER;
    }
    slots[match[1] as keyof Slots] = Number(match[2]);
  }
  return slots;
});

export const HourList = z.string().transform((text, context): Hours => {
  const hours = parseHours(text);
  if (hours !== null) return hours;
  context.addIssue({ code: "custom", message: HOURS_HINT });
  return z.NEVER;
});

/** Where the agent's own health page listens. */
export interface HealthDoor {
  host: string;
  port: number;
}

/** A port alone is on loopback: who else may ask is for the owner to say. */
export const Door = z.string().transform((text, context): HealthDoor => {
  const match = /^(?:\[?([\w.:-]+?)\]?:)?(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[2]);
  if (match && port <= 65_535) return { host: match[1] ?? "127.0.0.1", port };
  context.addIssue({
    code: "custom",
    message: 'write it as "9100" (on this machine only) or "0.0.0.0:9100"',
  });
  return z.NEVER;
});
