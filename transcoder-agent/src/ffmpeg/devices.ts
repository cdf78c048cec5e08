/**
 * Which devices for encoding this machine could have, as far as it takes no process to see: what is certainly
 * not there needs no trial. Used by `encoders.ts`; whether a device works only a trial tells.
 */
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Devices {
  /** "renderD128" … of Linux. */
  renderNodes: string[];
  /** False where there is none for certain. */
  nvidia: boolean;
}

const PCI_DEVICES = "/sys/bus/pci/devices";
const NVIDIA_PCI_VENDOR = "0x10de";
/** The driver's own, and the one that stands for any GPU in a Linux below Windows. */
const NVIDIA_SIGNS = ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"];

export async function findDevices(platform: NodeJS.Platform = process.platform): Promise<Devices> {
  const names = await readdir("/dev/dri").catch(() => []);
  const renderNodes = names.filter((name) => /^renderD\d+$/.test(name)).toSorted();
  return { renderNodes, nvidia: platform !== "linux" || (await showsNvidia()) };
}

async function showsNvidia(): Promise<boolean> {
  const signs = await Promise.all(NVIDIA_SIGNS.map(isThere));
  if (signs.includes(true)) return true;
  // A driver may make its files at first use, so the card itself counts; and where cards cannot be seen, anything may be.
  const cards = await readdir(PCI_DEVICES).catch(() => null);
  if (cards === null) return true;
  const vendors = await Promise.all(
    cards.map((card) => readFile(join(PCI_DEVICES, card, "vendor"), "utf8").catch(() => "")),
  );
  return vendors.some((vendor) => vendor.trim() === NVIDIA_PCI_VENDOR);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
