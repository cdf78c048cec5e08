/** Numbers as people read them, the same on the server and in the browser. Pure. */

const UNITS = ["kB", "MB", "GB", "TB"];

/** Decimal units, as disks, networks and R2's price list count. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  let value = bytes / 1_000;
  let unit = 0;
  // 999.95 would be shown as 1000.0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value < 10 ? trimZero(value.toFixed(1)) : Math.round(value)} ${UNITS[unit]}`;
}

function trimZero(digits: string): string {
  return digits.replace(/\.0$/, "");
}

/** `0:07`, `12:03`, `1:02:03`. */
export function formatLength(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor(whole / 60) % 60;
  const tail = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** `85,052,291`. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** `8 s`, `3 min`, `2 h 10 min`: rounded so that it does not jitter while it counts down. */
export function formatWait(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest === 0 ? "" : ` ${rest} min`}`;
}

/** Never 100 % before it is done. */
export function formatPercent(fraction: number): string {
  return `${Math.floor(Math.min(Math.max(fraction, 0), 0.99) * 100)} %`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `20 Nov 2026, 10:41 UTC`: what stands there until the browser puts its own time zone in. */
export function formatUtc(milliseconds: number): string {
  const date = new Date(milliseconds);
  const time = date.toISOString().slice(11, 16);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${time} UTC`;
}

/** `a`, `a and b`, `a, b and c`. */
export function formatList(words: string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
