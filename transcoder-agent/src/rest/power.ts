/** Whether this machine runs on its battery, as Linux tells it in sysfs. Asked by `keeper.ts` and `check`. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Null: this machine has no battery, or does not say. */
export async function onBattery(supplies = "/sys/class/power_supply"): Promise<boolean | null> {
  const names = await readdir(supplies).catch(() => []);
  const read = (name: string, what: string) =>
    readFile(join(supplies, name, what), "utf8").then(
      (text) => text.trim(),
      () => "",
    );
  const found = await Promise.all(
    names.map(async (name) => ({
      type: await read(name, "type"),
      // Batteries of mice and headsets say "Device".
      scope: await read(name, "scope"),
      online: await read(name, "online"),
      status: await read(name, "status"),
    })),
  );
  const own = found.filter(({ scope }) => scope !== "Device");
  const batteries = own.filter(({ type }) => type === "Battery");
  if (batteries.length === 0) return null;
  if (own.some(({ type, online }) => type !== "Battery" && online === "1")) return false;
  return batteries.some(({ status }) => status === "Discharging");
}
