/**
 * The smallest schema kit that the browser scripts can afford: zod alone would take half of a page's script
 * budget. A shape reads an unknown value and returns it typed, or throws ShapeError naming the field. Used by
 * the scripts at their doors (answers, events, what an earlier visit left in storage); the server uses zod.
 */
export type Shape<T> = (value: unknown, path: string) => T;
export type Shaped<S> = S extends Shape<infer T> ? T : never;

export class ShapeError extends Error {}

function refuse(path: string, wanted: string): never {
  throw new ShapeError(`${path} is not ${wanted}`);
}

export const text: Shape<string> = (value, path) =>
  typeof value === "string" ? value : refuse(path, "text");

export const flag: Shape<boolean> = (value, path) =>
  typeof value === "boolean" ? value : refuse(path, "true or false");

export const number: Shape<number> = (value, path) =>
  typeof value === "number" && Number.isFinite(value) ? value : refuse(path, "a number");

/** Absent and null are the same to us: answers gain fields over time. */
export function maybe<T>(inner: Shape<T>): Shape<T | null> {
  return (value, path) => (value === undefined || value === null ? null : inner(value, path));
}

export function oneOf<const T extends string>(...words: T[]): Shape<T> {
  return (value, path) => words.find((word) => word === value) ?? refuse(path, words.join(" or "));
}

export function list<T>(inner: Shape<T>): Shape<T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((entry: unknown, at) => inner(entry, `${path}[${at}]`))
      : refuse(path, "a list");
}

export const pair: Shape<[number, number]> = (value, path) => {
  const [from, to] = list(number)(value, path);
  return from === undefined || to === undefined ? refuse(path, "a pair") : [from, to];
};

export function object<F extends Record<string, Shape<unknown>>>(
  fields: F,
): Shape<{ [K in keyof F]: Shaped<F[K]> }> {
  return (value, path) => {
    if (typeof value !== "object" || value === null) return refuse(path, "an object");
    const read = Object.entries(fields).map(([key, shape]): [string, unknown] => {
      const field: unknown = Reflect.get(value, key);
      return [key, shape(field, `${path}.${key}`)];
    });
    // Each field has just been read by its own shape.
    return Object.fromEntries(read) as { [K in keyof F]: Shaped<F[K]> };
  };
}

/** The value, or null where it has another shape. */
export function tryShape<T>(shape: Shape<T>, value: unknown): T | null {
  try {
    return shape(value, "value");
  } catch (error) {
    if (error instanceof ShapeError) return null;
    throw error;
  }
}
