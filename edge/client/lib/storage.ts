/** What this browser remembers for us. Storage may be full, forbidden or hold another version's leavings. */
import { type Shape, tryShape } from "../../src/pages/shared/shape.ts";

export function recall<T>(key: string, shape: Shape<T>): T | null {
  try {
    const text = localStorage.getItem(key);
    return text === null ? null : tryShape(shape, JSON.parse(text));
  } catch {
    return null;
  }
}

/** False where it could not be kept; nothing of ours depends on it. */
export function keep(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Forbidden storage has nothing of ours.
  }
}
