/** Numbers and names that the schemas of the wire share. */
import { z } from "zod";

export const count = z.number().int().nonnegative();
export const ticks = z.number().int();
export const milliseconds = z.number().nonnegative();
/** Object names are ours: one path step, no separators. */
export const objectName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
export const byteRange = z.tuple([count, count]).describe("[offset, length] in bytes");
