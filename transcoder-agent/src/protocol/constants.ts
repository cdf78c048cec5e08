/** Versions, limits and close codes of the wire, and the lengths by which both of its ends cut films. */

export const PROTOCOL_VERSION = 1;
/** The coordinator accepts these; home agents update late. */
export const SUPPORTED_PROTOCOLS: readonly number[] = [1];
export const SUBPROTOCOL = "capcloud.v1";
export const PING = "ping";
export const PONG = "pong";

/**
 * Leases of a class that an agent holds besides those it works on: their objects are being sent. With one, an encoder on
 * a slow line stood still until the objects of the rectangle before the last were through (B4: 1.11 instead of 1.07).
 */
export const LEASES_IN_SENDING = 2;

/** A segment of a film lasts at least so many seconds, except the last. Both sides cut: the agent the first, the plan all. */
export const SEGMENT_SECONDS = 4;
/** Seconds between two usable keyframes beyond which a player could not seek or change rungs in time. */
export const LONGEST_COPIED_SECONDS = 8;

/** Bytes in one frame; what does not fit travels as an object and is named in `complete`. */
export const MAX_FRAME_BYTES = 64 * 1024;
/** Objects above this are uploaded in parts that the coordinator completes. */
export const MULTIPART_THRESHOLD_BYTES = 64 * 1024 * 1024;
/** All parts of an object but the last have this size: R2 refuses unequal parts. */
export const PART_BYTES = 32 * 1024 * 1024;
/** Addresses asked for in one `sign` frame: a signed address is about 600 bytes, a frame 64 KB. */
export const MAX_SIGNED_PER_FRAME = 32;

export const CLOSE_REPLACED = 4001;
export const CLOSE_REVOKED = 4003;
export const CLOSE_PROTOCOL = 4008;
