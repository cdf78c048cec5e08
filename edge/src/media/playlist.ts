/**
 * HLS playlists (RFC 8216bis, version 7) of a plan and what has been committed of it. Written anew for each
 * request, never stored. All addresses are relative, so they hold behind any host and share.
 *
 *   /{slug}/hls/master.m3u8 → <plan>/<track>/index.m3u8 → init-<n>.mp4, <n>.m4s
 *
 * Every planned segment is listed from the start: a listed segment is a promise, kept by waiting for it.
 */
import { type CommittedRectangle, initSignature, measureRate, ownersOf } from "./committed.ts";
import type { Plan, PlannedRung, PlannedText, PlannedTrack } from "./plan.ts";
import { countSegments, quickestRung } from "./rectangles.ts";
import { frameRate, segmentDurations, timelineSeconds } from "./timeline.ts";

export type { CommittedRectangle };

/** Levels of H.264 High that hold a short side at up to 30 and up to 60 frames a second (H.264 table A-1). */
const LEVELS = [
  { side: 480, slow: "1e", fast: "1f" },
  { side: 720, slow: "1f", fast: "20" },
  { side: 1080, slow: "28", fast: "2a" },
] as const;
const BEYOND_LEVEL = "33";
/** AAC-LC, all that our agents make or copy. */
const AUDIO_CODECS = "mp4a.40.2";
/** Bits per second of a track of sound until it is measured. */
const AUDIO_RATE = 160_000;
const AUDIO_GROUP = "sound";
const TEXT_GROUP = "text";

/** All planned rungs from the start: players read a master once, and begin with what it lists first. */
export function masterPlaylist(plan: Plan, committed: readonly CommittedRectangle[]): string {
  const sound = plan.tracks.map(({ name }) => measureRate(plan, name, committed));
  const soundRate = {
    peak: Math.max(0, ...sound.map((track) => track?.peak ?? AUDIO_RATE)),
    average: Math.max(0, ...sound.map((track) => track?.average ?? AUDIO_RATE)),
  };
  return lines([
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    ...plan.tracks.map((track, at) => audioLine(plan, track, at)),
    ...plan.texts.map((text, at) => textLine(plan, text, at)),
    ...startFirst(plan, committed).flatMap((rung) => [
      variantLine(plan, rung, committed, soundRate),
      `${plan.id}/${rung.name}/index.m3u8`,
    ]),
  ]);
}

/**
 * Lowest first, but for the one to begin with: the lowest whose beginning is there, else the one whose will be.
 * Players that do not know their line yet (AVPlayer, hls.js) take the first variant listed.
 */
function startFirst({ rungs }: Plan, committed: readonly CommittedRectangle[]): PlannedRung[] {
  const start = rungs.find(({ name }) => ownersOf(name, committed).has(0)) ?? quickestRung(rungs);
  return start === null ? [] : [start, ...rungs.filter((rung) => rung !== start)];
}

/** Null where the plan has no such rung or track. `count` ends the list early, where no more will be made. */
export function mediaPlaylist(
  plan: Plan,
  track: string,
  committed: readonly CommittedRectangle[],
  count = countSegments(plan),
): string | null {
  if (![...plan.rungs, ...plan.tracks].some(({ name }) => name === track)) return null;
  const durations = segmentDurations(plan).slice(0, count);
  const owners = ownersOf(track, committed);
  let init = initSignature(owners.get(0));
  const body = durations.flatMap((duration, segment) => {
    const own = initSignature(owners.get(segment));
    // What is not made yet is taken to begin like what stands before it; parameter sets are in band anyway.
    const differs = init !== undefined && own !== undefined && own !== init;
    init = own ?? init;
    return [
      ...(segment === 0 || differs ? [`#EXT-X-MAP:URI="init-${segment}.mp4"`] : []),
      `#EXTINF:${duration.toFixed(6)},`,
      `${segment}.m4s`,
    ];
  });
  return wholeList(durations, ["#EXT-X-INDEPENDENT-SEGMENTS", ...body]);
}

/** Subtitles are one segment as long as the film, at an address of their own that `<track>` takes as well. */
export function textPlaylist(plan: Plan, name: string): string | null {
  if (!plan.texts.some((text) => text.name === name)) return null;
  const seconds = timelineSeconds(plan);
  return wholeList([seconds], [`#EXTINF:${seconds.toFixed(6)},`, `../../../${name}.vtt`]);
}

function wholeList(durations: readonly number[], body: readonly string[]): string {
  return lines([
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${Math.max(1, ...durations.map(Math.round))}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    ...body,
    "#EXT-X-ENDLIST",
  ]);
}

function variantLine(
  plan: Plan,
  rung: PlannedRung,
  committed: readonly CommittedRectangle[],
  sound: { peak: number; average: number },
): string {
  const measured = measureRate(plan, rung.name, committed);
  const codecs = committed.find(({ track }) => track === rung.name)?.codecs ?? plannedCodecs(plan, rung);
  const rate = frameRate(plan);
  const hasSound = plan.tracks.length > 0;
  const attributes = [
    `BANDWIDTH=${(measured?.peak ?? rung.ceiling) + sound.peak}`,
    ...(measured ? [`AVERAGE-BANDWIDTH=${measured.average + sound.average}`] : []),
    `CODECS="${hasSound ? `${codecs},${AUDIO_CODECS}` : codecs}"`,
    `RESOLUTION=${rung.width}x${rung.height}`,
    ...(rate === null ? [] : [`FRAME-RATE=${rate.toFixed(3)}`]),
    ...(hasSound ? [`AUDIO="${AUDIO_GROUP}"`] : []),
    ...(plan.texts.length > 0 ? [`SUBTITLES="${TEXT_GROUP}"`] : []),
  ];
  return `#EXT-X-STREAM-INF:${attributes.join(",")}`;
}

function audioLine(plan: Plan, track: PlannedTrack, at: number): string {
  return mediaLine(plan, track, [
    "TYPE=AUDIO",
    `GROUP-ID="${AUDIO_GROUP}"`,
    `NAME="${labelOf(track, at, "Sound")}"`,
    `DEFAULT=${at === 0 ? "YES" : "NO"}`,
    `CHANNELS="${track.channels}"`,
  ]);
}

function textLine(plan: Plan, text: PlannedText, at: number): string {
  return mediaLine(plan, text, [
    "TYPE=SUBTITLES",
    `GROUP-ID="${TEXT_GROUP}"`,
    `NAME="${labelOf(text, at, "Subtitles")}"`,
    "DEFAULT=NO",
    "FORCED=NO",
  ]);
}

function mediaLine(plan: Plan, one: PlannedTrack | PlannedText, attributes: readonly string[]): string {
  const language = languageOf(one);
  return `#EXT-X-MEDIA:${[
    ...attributes,
    ...(language === null ? [] : [`LANGUAGE="${language}"`]),
    "AUTOSELECT=YES",
    `URI="${plan.id}/${one.name}/index.m3u8"`,
  ].join(",")}`;
}

/** The language comes out of the uploaded file: only what is shaped like one is repeated. */
function languageOf({ language }: PlannedTrack | PlannedText): string | null {
  return language !== null && /^[A-Za-z]{2,3}$/.test(language) && language !== "und" ? language : null;
}

/** Names must differ within a group, hence the number. */
function labelOf(one: PlannedTrack | PlannedText, at: number, noun: string): string {
  const language = languageOf(one);
  const name = language && new Intl.DisplayNames(["en"], { type: "language" }).of(language);
  return `${at + 1} ${name ?? noun}`;
}

function plannedCodecs(plan: Plan, { width, height }: PlannedRung): string {
  const level = LEVELS.find(({ side }) => side >= Math.min(width, height));
  const fast = (frameRate(plan) ?? 60) > 31;
  return `avc1.6400${level ? (fast ? level.fast : level.slow) : BEYOND_LEVEL}`;
}

function lines(list: readonly string[]): string {
  return `${list.join("\n")}\n`;
}
