/** The argument lists themselves: what is written here is what ffmpeg gets. */
import { expect, test } from "vitest";
import { copyStretch, encodeStretch, makeDownload } from "./audio-arguments.ts";
import { isPlainEnough } from "./hardware-decoding.ts";
import { candidateEncoders, SOFTWARE, type Encoder } from "./h264.ts";
import { plainSamples, smallKeyframes, textTrack } from "./side-arguments.ts";
import { toArguments } from "./invocation.ts";
import { remux } from "./remux-arguments.ts";
import { SOURCE_FORMATS, sourceOptions } from "./source-arguments.ts";
import { grabStill } from "./still-arguments.ts";
import { copyRectangle, encodeRectangle, type RectangleEncode } from "./video-arguments.ts";

const ADDRESS = "http://127.0.0.1:4000/abc";
const OPEN =
  `-format_whitelist ${SOURCE_FORMATS} -protocol_whitelist http,tcp ` +
  "-max_streams 64 -probesize 20M -analyzeduration 20M";
const GLOBAL = "-hide_banner -nostdin -v level+warning -nostats -stats_period 0.2 -progress pipe:1";
const FRAGMENTS =
  "-map_metadata -1 -map_chapters -1 -fflags +bitexact -avoid_negative_ts disabled -use_editlist 0 " +
  "-movflags +frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer -f mp4";
const PLAIN = {
  remux: null,
  interlaced: false,
  anamorphic: false,
  transfer: "sdr",
  variable: false,
} as const;

const RECTANGLE: RectangleEncode = {
  url: ADDRESS,
  stream: 1,
  from: 10.512,
  timescale: 90_000,
  boundaries: [1_036_080, 1_398_000, 1_760_000],
  traits: PLAIN,
  rungs: [
    { width: 854, height: 480, ceiling: 1_200_000, path: "480.mp4" },
    { width: 1280, height: 720, ceiling: 2_800_000, path: "720.mp4" },
  ],
  encoder: SOFTWARE,
};

test("a rectangle: one decode, an exact cut, a cascade, keyframes by list", () => {
  const rung = (index: number, ceiling: number, buffer: number) =>
    `-map [out${index}] -fps_mode passthrough -enc_time_base 1:90000 -c:v libx264 -preset veryfast ` +
    `-profile:v high -crf 23 -maxrate ${ceiling} -bufsize ${buffer} -sc_threshold 0 -forced-idr 1 -g 100000 ` +
    "-force_key_frames 11.511500,15.532833 -bsf:v dump_extra=freq=keyframe -video_track_timescale 90000 " +
    FRAGMENTS;
  const graph =
    "[0:1]trim=start_pts=1036080:end_pts=1760000,scale=1280:720,setsar=1,format=yuv420p," +
    "split=2[here0][next1];[here0]format=yuv420p[out0];[next1]scale=854:480,setsar=1,format=yuv420p[out1]";
  expect(toArguments(encodeRectangle(RECTANGLE)).join(" ")).toBe(
    `${GLOBAL} ${OPEN} -copyts -seek_timestamp 1 -noaccurate_seek -ss 10.512000 -i ${ADDRESS} -y ` +
      `-filter_complex ${graph} ${rung(0, 2_800_000, 5_600_000)} 720.mp4 ${rung(1, 1_200_000, 2_400_000)} 480.mp4`,
  );
});

test("AMF makes keyframes that are asked for ones that may be cut at", () => {
  const { outputs } = encodeRectangle({ ...RECTANGLE, encoder: candidate("win32", "h264_amf") });
  expect(outputs[0]?.options.join(" ")).toContain(
    "-b:v 2240000 -maxrate 2800000 -bufsize 5600000 -forced_idr 1",
  );
});

test("traits shape the chain; uneven films are sent in order", () => {
  const { outputs } = encodeRectangle({
    ...RECTANGLE,
    from: null,
    boundaries: [0, 360_000],
    traits: { ...PLAIN, interlaced: true, transfer: "pq", variable: true },
    rungs: RECTANGLE.rungs.slice(0, 1),
  });
  const text = outputs[0]?.options.join(" ") ?? "";
  expect(text).toContain(
    "[0:1]trim=start_pts=0:end_pts=360000,bwdif=mode=send_frame:deint=interlaced,scale=854:480,zscale=tin=smpte2084",
  );
  expect(text).toContain("-bf 0");
  expect(text).toContain("-force_key_frames 0.000000 ");
});

function candidate(platform: NodeJS.Platform, name: string): Encoder {
  const found = candidateEncoders(platform, { renderNodes: ["renderD128"], nvidia: true }).find(
    (encoder) => encoder.name === name,
  );
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const CUT = "[0:1]trim=start_pts=1036080:end_pts=1760000";
/** From the device's decoder through its scaler into its encoder. */
const inDevice = (scale: (size: string) => string) =>
  `${CUT},${scale("1280:720")},setsar=1,split=2[here0][next1];[here0]null[out0];` +
  `[next1]${scale("854:480")},setsar=1,null[out1]`;
const named = (filter: string) => (size: string) => {
  const [width, height] = size.split(":");
  return `${filter}=w=${width}:h=${height}${filter === "scale_vt" ? "" : ":format=nv12"}`;
};

test.each([
  [
    "linux",
    "h264_nvenc+decode",
    "-hwaccel cuda -hwaccel_output_format cuda -noautorotate",
    inDevice((size) => `scale_cuda=${size}:format=nv12`),
    "-c:v h264_nvenc -preset p4 -tune hq -profile:v high -rc vbr -cq 23 -b:v 0 -maxrate 2800000 " +
      "-bufsize 5600000 -spatial-aq 1 -no-scenecut 1 -forced-idr 1 -bf 2",
  ],
  [
    "linux",
    "h264_vaapi@renderD128+decode",
    "-init_hw_device vaapi=device:/dev/dri/renderD128 -filter_hw_device device -hwaccel vaapi " +
      "-hwaccel_device device -hwaccel_output_format vaapi -noautorotate",
    inDevice(named("scale_vaapi")),
    "-c:v h264_vaapi -profile:v high -rc_mode QVBR -global_quality 23 -b:v 2240000 -maxrate 2800000 " +
      "-bufsize 5600000 -bf 0",
  ],
  [
    "linux",
    "h264_qsv+decode",
    "-init_hw_device qsv=device:hw,child_device=/dev/dri/renderD128 -filter_hw_device device -hwaccel qsv " +
      "-hwaccel_device device -hwaccel_output_format qsv -noautorotate",
    inDevice(named("scale_qsv")),
    "-c:v h264_qsv -preset medium -profile:v high -global_quality 23 -b:v 2240000 -maxrate 2800000 " +
      "-bufsize 5600000 -forced_idr 1 -bf 0",
  ],
  [
    "darwin",
    "h264_videotoolbox+decode",
    "-hwaccel videotoolbox -hwaccel_output_format videotoolbox_vld -noautorotate",
    inDevice(named("scale_vt")),
    "-c:v h264_videotoolbox -profile:v high -allow_sw 0 -b:v 2240000 -bf 0",
  ],
  [
    "linux",
    "libx264+cuda",
    "-hwaccel cuda -hwaccel_output_format cuda -noautorotate",
    `${CUT},scale_cuda=1280:720:format=nv12,hwdownload,format=nv12,setsar=1,format=yuv420p,` +
      "split=2[here0][next1];[here0]format=yuv420p[out0];[next1]scale=854:480,setsar=1,format=yuv420p[out1]",
    "-c:v libx264 -preset veryfast -profile:v high -crf 23 -maxrate 2800000 -bufsize 5600000 " +
      "-sc_threshold 0 -forced-idr 1",
  ],
] as const)("on %s %s keeps pictures in the device", (platform, name, before, graph, encode) => {
  const { inputs, outputs } = encodeRectangle({ ...RECTANGLE, encoder: candidate(platform, name) });
  expect(inputs[0]?.options.join(" ")).toBe(
    `${before} ${OPEN} -copyts -seek_timestamp 1 -noaccurate_seek -ss 10.512000`,
  );
  expect(outputs[0]?.options.join(" ")).toBe(
    `-filter_complex ${graph} -map [out0] -fps_mode passthrough -enc_time_base 1:90000 ${encode} -g 100000 ` +
      "-force_key_frames 11.511500,15.532833 -bsf:v dump_extra=freq=keyframe -video_track_timescale 90000 " +
      FRAGMENTS,
  );
});

test("a device is given plain pictures only", () => {
  const size = { width: 320, height: 180, turned: false };
  expect(isPlainEnough(PLAIN, size)).toBe(true);
  expect(isPlainEnough({ ...PLAIN, interlaced: true }, size)).toBe(false);
  expect(isPlainEnough({ ...PLAIN, transfer: "pq" }, size)).toBe(false);
  expect(isPlainEnough(PLAIN, { ...size, turned: true })).toBe(false);
  expect(isPlainEnough(PLAIN, { ...size, height: 120 })).toBe(false);
});

test("packets are copied from before to behind, with parameter sets in band", () => {
  const copied = copyRectangle({
    ...{ url: ADDRESS, stream: 1, from: 3, until: 12.5, timescale: 90_000, path: "720.mp4" },
  });
  expect(copied.outputs[0]?.options.join(" ")).toBe(
    "-map 0:1 -c copy -copypriorss 1 -tag:v avc1 -to 12.500000 -bsf:v h264_mp4toannexb " +
      `-video_track_timescale 90000 ${FRAGMENTS}`,
  );
});

test("what stands beside a film is read as plainly", () => {
  const keyframes = smallKeyframes({ path: "/tmp/f.mp4", width: 160, height: 90 });
  expect(toArguments(keyframes).join(" ")).toContain(
    "-map 0:v:0 -vf scale=160:90,setsar=1,format=rgb24 -fps_mode passthrough -c:v rawvideo -f rawvideo pipe:1",
  );
  expect(plainSamples({ url: ADDRESS, stream: 1, rate: 8_000 }).outputs[0]?.options.join(" ")).toBe(
    "-map 0:1 -ac 1 -ar 8000 -c:a pcm_s16le -f s16le",
  );
  expect(textTrack({ url: ADDRESS, stream: 3, path: "t.vtt" }).outputs[0]?.options.join(" ")).toBe(
    "-map 0:3 -map_metadata -1 -map_chapters -1 -c:s webvtt -f webvtt",
  );
});

test("hardware gets frames where it wants them, and its device before the input", () => {
  const vaapi = candidate("linux", "h264_vaapi@renderD128");
  const { inputs, outputs } = encodeRectangle({ ...RECTANGLE, encoder: vaapi });
  expect(inputs[0]?.options.slice(0, 2)).toEqual(["-vaapi_device", "/dev/dri/renderD128"]);
  expect(outputs[0]?.options.join(" ")).toContain("[here0]format=nv12,hwupload[out0]");
  expect(outputs[0]?.options.join(" ")).toContain("-rc_mode QVBR");
});

test.each(["linux", "darwin", "win32"] as const)("on %s the last resort is software", (platform) => {
  expect(candidateEncoders(platform, { renderNodes: [], nvidia: true }).at(-1)).toBe(SOFTWARE);
});

test("no demuxer that opens what a file names is ever let in", () => {
  for (const name of [
    "hls",
    "applehttp",
    "dash",
    "concat",
    "image2",
    "lavfi",
    "sdp",
    "rtsp",
    "imf",
    "tty",
    "data",
  ])
    expect(SOURCE_FORMATS.split(",")).not.toContain(name);
  expect(sourceOptions("/tmp/x.mp4").join(" ")).toContain("-protocol_whitelist file ");
});

test("sound on the grid", () => {
  const stretch = {
    url: ADDRESS,
    stream: 2,
    from: 14.2,
    origin: 1_500,
    timescale: 1_000,
    sampleRate: 48_000,
  };
  const made = encodeStretch({
    ...stretch,
    base: 749_568,
    first: 749_568,
    end: 1_000_448,
    atLeast: 0,
    path: "a.mp4",
  });
  expect(toArguments(made).join(" ")).toBe(
    `${GLOBAL} ${OPEN} -copyts -seek_timestamp 1 -noaccurate_seek -ss 14.200000 -i ${ADDRESS} -y -filter_complex ` +
      "[0:2]asetpts=PTS-round((1500/1000)/TB)," +
      "aresample=48000:async=1:min_comp=0:min_hard_comp=0.05:first_pts=749568," +
      "aformat=channel_layouts=stereo|mono,apad,atrim=start_pts=749568:end_pts=1000448[out] -map [out] " +
      `-c:a aac -profile:a aac_low -b:a 160k ${FRAGMENTS} a.mp4`,
  );
  const open = encodeStretch({
    ...stretch,
    base: -17_408,
    first: -17_408,
    end: null,
    atLeast: 4_096,
    path: "a.mp4",
  });
  expect(open.outputs[0]?.options[1]).toContain(
    "aformat=channel_layouts=stereo|mono,apad=whole_len=21504,atrim=start_pts=-17408[out]",
  );
});

test("sound by copy, and as a download", () => {
  const copied = copyStretch({ url: ADDRESS, stream: 2, from: null, until: 12.5, path: "a.mp4" });
  expect(copied.outputs[0]?.options.join(" ")).toBe(`-map 0:2 -c copy -to 12.500000 ${FRAGMENTS}`);
  const made = makeDownload({ url: ADDRESS, stream: 0, mode: "encode", path: "audio.m4a" });
  expect(made.outputs[0]?.options.join(" ")).toBe(
    "-map 0:0 -af aformat=channel_layouts=stereo|mono:sample_rates=48000|44100|32000|24000|22050|16000 " +
      "-c:a aac -b:a 192k -map_metadata -1 -map_chapters -1 -fflags +bitexact -movflags +faststart -f mp4",
  );
});

test("a remux takes the streams it is told, in order, and nothing else", () => {
  const { inputs, outputs } = remux({
    url: ADDRESS,
    path: "r.mp4",
    container: "mp4",
    streams: [0, 2],
    unpack: true,
  });
  expect(inputs[0]?.options.slice(-2)).toEqual(["-fflags", "+genpts"]);
  expect(outputs[0]?.options.join(" ")).toBe(
    "-map 0:0 -map 0:2 -c copy -map_metadata -1 -map_chapters -1 -bsf:v mpeg4_unpack_bframes " +
      "-avoid_negative_ts make_zero -f mp4",
  );
});

test("a still is sought, not decoded up to", () => {
  const size = { width: 64, height: 36 };
  const still = { url: ADDRESS, stream: 0, at: 3, keyed: false, traits: PLAIN, ...size, path: "s.rgb" };
  const { inputs, outputs } = grabStill(still);
  expect(inputs[0]?.options.slice(-2)).toEqual(["-ss", "3.000"]);
  expect(outputs[0]?.options.join(" ")).toBe(
    "-map 0:0 -vf thumbnail=12,scale=64:36,setsar=1,format=rgb24 -frames:v 1 -c:v rawvideo -f rawvideo",
  );
  const quick = grabStill({ ...still, keyed: true });
  expect(quick.inputs[0]?.options.slice(-6).join(" ")).toBe("-skip_frame nokey -t 10 -ss 3.000");
  expect(quick.outputs[0]?.options.join(" ")).toContain("-vf scale=64:36,setsar=1,format=rgb24 ");
});
