/** How an agent of a test introduces itself. */
import type { ConnectionOptions } from "../connection.ts";
import type { Slots } from "../protocol.ts";

export function introduction(slots: Slots): ConnectionOptions["introduction"] {
  return {
    agentVersion: "0.1.0",
    bootId: "boot",
    label: "here",
    capabilities: {
      kinds: ["image"],
      encoders: [],
      ffmpeg: "7",
      cores: 2,
      memoryBytes: 1,
      platform: "linux",
    },
    slots,
  };
}
