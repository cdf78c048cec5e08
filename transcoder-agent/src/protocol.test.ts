/**
 * A frozen sample of every frame ever shipped. Samples are added, never changed: agents at home update late,
 * and a coordinator must understand them for as long as their protocol is supported.
 */
import { expect, test } from "vitest";
import {
  AgentFrame,
  CoordinatorFrame,
  JobKind,
  MAX_FRAME_BYTES,
  Recipe,
  Result,
  SUPPORTED_PROTOCOLS,
} from "./protocol.ts";

const FROM_AGENTS: Record<AgentFrame["type"], string[]> = {
  hello: [
    `{"type":"hello","seq":1,"protocol":1,"agentVersion":"0.1.0","bootId":"0b6f","label":"attic","capabilities":{"kinds":["inspect","image","video","audio","mp4"],"encoders":["h264_nvenc","libx264"],"ffmpeg":"7.0.2","cores":8,"memoryBytes":33554432000,"platform":"linux-x64"},"slots":{"gpu":1,"cpu":2,"io":4},"held":[{"job":"main.01JD","epoch":3,"secret":"q83vEjRWeJA"}]}`,
    `{"type":"hello","seq":1,"protocol":1,"agentVersion":"0.1.0","bootId":"0b6f","label":"","capabilities":{"kinds":["image"],"encoders":[],"ffmpeg":"","cores":1,"memoryBytes":0,"platform":"darwin-arm64"},"slots":{"gpu":0,"cpu":0,"io":2},"held":[]}`,
    `{"type":"hello","seq":1,"protocol":1,"agentVersion":"0.1.0","bootId":"0b6f","label":"","capabilities":{"kinds":["image"],"encoders":[],"ffmpeg":"","cores":1,"memoryBytes":0,"platform":"linux-x64","sandbox":"namespaces"},"slots":{"gpu":0,"cpu":0,"io":2},"held":[]}`,
  ],
  ready: [
    `{"type":"ready","seq":2,"slots":{"gpu":0,"cpu":1,"io":4}}`,
    `{"type":"ready","seq":3,"slots":{"gpu":0,"cpu":0,"io":0},"resting":"schedule: 22:00-07:00"}`,
  ],
  renew: [
    `{"type":"renew","seq":3,"leases":[{"job":"main.01JD","epoch":3,"secret":"q83vEjRWeJA","fraction":0.25}]}`,
    `{"type":"renew","seq":3,"leases":[]}`,
  ],
  sign: [
    `{"type":"sign","seq":4,"lease":{"job":"main.01JD","epoch":3,"secret":"q83v"},"inputs":["original"],"outputs":[{"name":"720.mp4","size":1048576,"type":"video/mp4"},{"name":"poster.jpg","size":900,"type":"image/jpeg","md5":"1B2M2Y8AsgTpgAmY7PhCfg=="}],"parts":[{"name":"1080.mp4","numbers":[1,2,3]}]}`,
  ],
  complete: [
    `{"type":"complete","seq":5,"lease":{"job":"main.01JD","epoch":3,"secret":"q83v"},"objects":[{"name":"index.json","size":812,"etag":"9e107d9d372bb6826bd81d3542a419d6"},{"name":"poster.jpg","size":900,"etag":"9e107d9d372bb6826bd81d3542a419d6"}],"result":{"kind":"inspect","container":"mov,mp4,m4a","duration":40.02,"bitRate":3100000,"streams":[{"index":0,"type":"video","codec":"h264","profile":"High","language":null,"bitRate":3000000,"width":1920,"height":1080,"pixelFormat":"yuv420p","frameRate":29.97,"channels":null,"sampleRate":null,"cover":false}],"video":{"stream":0,"codec":"h264","width":1920,"height":1080,"frames":1200,"traits":{"remux":null,"interlaced":false,"anamorphic":false,"transfer":"sdr","variable":false},"origin":0,"index":"index.json"},"audio":[{"stream":1,"codec":"aac","copyable":true,"sampleRate":48000,"channels":2,"language":"eng"}],"poster":{"object":"poster.jpg","width":1920,"height":1080},"thumbnail":{"object":"thumbnail.webp","width":320,"height":180},"hashes":{"blurhash":"LEHV6n","thumbhash":"1QcSHQ=="}}}`,
    `{"type":"complete","seq":6,"lease":{"job":"main.01JD","epoch":3,"secret":"q83v"},"objects":[{"name":"720.mp4","size":99614720,"etag":"","parts":[{"number":1,"etag":"a1"},{"number":2,"etag":"b2"}]}],"result":{"kind":"video","encoder":"libx264","rungs":[{"name":"720","object":"720.mp4","init":[0,742],"codecs":"avc1.64001f","timescale":30000,"frames":120,"segments":[{"segment":0,"offset":742,"length":500000,"start":0,"duration":120120}]}]}}`,
    `{"type":"complete","seq":20,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"stills","pictures":{"poster":{"object":"poster.jpg","width":1600,"height":900},"thumbnail":{"object":"thumbnail.webp","width":320,"height":180},"hashes":{"blurhash":"LEHV6n","thumbhash":"1QcSHQ=="}}}}`,
    `{"type":"complete","seq":21,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"stills","pictures":null}}`,
    `{"type":"complete","seq":7,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"image","width":4032,"height":3024,"thumbnail":{"object":"thumbnail.webp","width":320,"height":240},"preview":{"object":"preview.webp","width":1600,"height":1200},"mp4":null,"hashes":{"blurhash":"LEHV6n","thumbhash":"1QcSHQ=="}}}`,
    `{"type":"complete","seq":8,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"audio","track":{"name":"audio-0","object":"audio-0.mp4","init":[0,700],"codecs":"mp4a.40.2","timescale":48000,"frames":1880,"segments":[]},"download":null}}`,
    `{"type":"complete","seq":9,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"audio","track":null,"download":{"object":"audio.m4a","duration":181.3}}}`,
    `{"type":"complete","seq":10,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"mp4","object":"video.mp4","width":1280,"height":720,"frames":1200,"duration":40.04}}`,
    `{"type":"complete","seq":14,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"inspect","container":"matroska","duration":600,"bitRate":null,"streams":[],"video":{"stream":0,"codec":"vp9","width":640,"height":360,"frames":0,"traits":{"remux":null,"interlaced":false,"anamorphic":false,"transfer":"sdr","variable":true},"origin":0,"index":null,"head":{"timescale":1000,"start":0,"boundary":4004}},"audio":[],"poster":null,"thumbnail":null,"hashes":null}}`,
    `{"type":"complete","seq":15,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"video","encoder":"copy","rungs":[{"name":"720","object":"720.mp4","init":[0,742],"codecs":"avc1.64001f","timescale":30000,"frames":120,"segments":[{"segment":0,"offset":742,"length":500000,"start":0,"duration":120120,"frames":120}]}]}}`,
    `{"type":"complete","seq":16,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"index","index":"index.json"}}`,
    `{"type":"complete","seq":17,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"subtitle","object":"text.vtt","cues":812}}`,
    `{"type":"complete","seq":18,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"storyboard","sheets":[{"object":"storyboard-0.jpg","width":1600,"height":900}]}}`,
    `{"type":"complete","seq":19,"lease":{"job":"main.01JD","epoch":1,"secret":"q83v"},"objects":[],"result":{"kind":"waveform","object":"waveform.json","duration":181.3}}`,
  ],
  fail: [
    `{"type":"fail","seq":11,"lease":{"job":"main.01JD","epoch":3,"secret":"q83v"},"class":"permanent","code":"corrupt","message":"The file's index (moov) is missing."}`,
    `{"type":"fail","seq":12,"lease":{"job":"main.01JD","epoch":3,"secret":"q83v"},"class":"agent_fault","code":"disk_full","message":""}`,
  ],
  release: [`{"type":"release","seq":13,"lease":{"job":"main.01JD","epoch":3,"secret":"q83v"}}`],
};

const FROM_COORDINATORS: Record<CoordinatorFrame["type"], string[]> = {
  welcome: [
    `{"type":"welcome","seq":1,"re":1,"protocol":1,"renewMs":30000,"pingMs":20000,"leaseMs":90000,"resumed":["main.01JA"],"adopted":[{"job":"main.01JB","from":3,"lease":{"job":"main.01JB","epoch":4,"secret":"AAEC"}}],"lost":["main.01JC"]}`,
  ],
  grant: [
    `{"type":"grant","seq":2,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"inspect","media":"video"},"inputs":[{"name":"original","size":5000000,"url":"https://storage.example/o/1?signature=x"}]}`,
    `{"type":"grant","seq":3,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"image","animated":true},"inputs":[{"name":"original","size":0}]}`,
    `{"type":"grant","seq":4,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"gpu","recipe":{"kind":"video","plan":"p1","timescale":15360,"origin":0,"segments":[0,2],"boundaries":[0,61440,null],"stream":0,"codec":"hevc","traits":{"remux":"mp4","interlaced":true,"anamorphic":true,"transfer":"hlg","variable":true},"rungs":[{"name":"480","mode":"encode","width":854,"height":480,"ceiling":1400000}]},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
    `{"type":"grant","seq":5,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"audio","purpose":"track","plan":"p1","timescale":15360,"origin":-512,"segments":[0,1],"boundaries":[-512,61440],"name":"audio-0","stream":1,"mode":"copy","remux":null,"sampleRate":48000},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
    `{"type":"grant","seq":6,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"audio","purpose":"download","stream":0,"mode":"encode"},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
    `{"type":"grant","seq":7,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"mp4","video":[{"input":"v-0","init":[0,742],"ranges":[[742,1000],[4000,500]]}],"audio":[{"input":"a-0","init":[0,700],"ranges":[[700,900]]}],"frames":1200,"duration":40.04},"inputs":[{"name":"v-0","size":5000,"url":"u"},{"name":"a-0","size":1600}]}`,
    `{"type":"grant","seq":20,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"video","plan":"p1","timescale":15360,"origin":0,"segments":[0,1],"boundaries":[0,61440],"stream":0,"codec":"h264","traits":{"remux":null,"interlaced":false,"anamorphic":false,"transfer":"sdr","variable":false},"rungs":[{"name":"720","mode":"copy","width":1280,"height":720,"ceiling":2800000}]},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
    `{"type":"grant","seq":21,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"index","stream":0,"remux":null},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
    `{"type":"grant","seq":22,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"subtitle","stream":3,"origin":0.021},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
    `{"type":"grant","seq":23,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"storyboard","video":[{"input":"v-0","init":[0,742],"ranges":[[742,1000]]}],"interval":4,"tiles":100,"columns":10,"rows":10,"width":160,"height":90},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
    `{"type":"grant","seq":24,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"waveform","stream":0,"buckets":1000},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
    `{"type":"grant","seq":25,"lease":{"job":"main.01JD","epoch":1,"secret":"AAEC"},"leaseMs":90000,"deadlineMs":600000,"slot":"io","recipe":{"kind":"stills"},"inputs":[{"name":"original","size":1,"url":"u"}]}`,
  ],
  signed: [
    `{"type":"signed","seq":8,"re":4,"inputs":{"original":"https://storage.example/o/1?signature=y"},"outputs":{"720.mp4":{"put":{"url":"https://storage.example/r/1","headers":{"content-type":"video/mp4","if-none-match":"*"}}},"1080.mp4":{"multipart":{"partBytes":33554432,"parts":3}}},"parts":{"1080.mp4":[{"number":1,"put":{"url":"https://storage.example/r/2","headers":{}}}]}}`,
  ],
  accepted: [`{"type":"accepted","seq":9,"re":5}`],
  refused: [
    `{"type":"refused","seq":10,"re":5,"reason":"stale","message":"The job was given to another agent."}`,
    `{"type":"refused","seq":11,"re":5,"reason":"invalid","message":"The rungs 480 were expected."}`,
  ],
  cancel: [`{"type":"cancel","seq":12,"jobs":["main.01JD"],"reason":"file deleted"}`],
  renewed: [`{"type":"renewed","seq":13,"re":3,"lost":["main.01JD"]}`],
  move: [`{"type":"move","seq":14,"url":"/agent?pool=second"}`],
  drain: [`{"type":"drain","seq":15,"reason":"disk full"}`],
  resume: [`{"type":"resume","seq":18}`],
  error: [
    `{"type":"error","seq":16,"re":null,"message":"unknown frame"}`,
    `{"type":"error","seq":17,"re":4,"message":"unknown job"}`,
  ],
};

const agentSamples = Object.values(FROM_AGENTS).flat();
const coordinatorSamples = Object.values(FROM_COORDINATORS).flat();

test("every frame an agent ever sent is understood, and means what it meant", () => {
  for (const sample of agentSamples) expect(AgentFrame.parse(JSON.parse(sample))).toEqual(JSON.parse(sample));
});

test("every frame a coordinator ever sent is understood, and means what it meant", () => {
  for (const sample of coordinatorSamples) {
    expect(CoordinatorFrame.parse(JSON.parse(sample))).toEqual(JSON.parse(sample));
  }
});

test("there is a sample of every frame, recipe and result", () => {
  const types = (samples: string[]) => new Set(samples.map((sample) => JSON.parse(sample).type));
  expect(types(agentSamples)).toEqual(new Set(AgentFrame.options.map((option) => option.shape.type.value)));
  expect(types(coordinatorSamples)).toEqual(
    new Set(CoordinatorFrame.options.map((option) => option.shape.type.value)),
  );
  const kinds = (key: "recipe" | "result", samples: string[]) =>
    new Set(samples.map((sample) => JSON.parse(sample)[key]?.kind).filter((kind) => kind !== undefined));
  const known = new Set(JobKind.options);
  expect(kinds("recipe", coordinatorSamples)).toEqual(known);
  expect(kinds("result", agentSamples)).toEqual(known);
});

test("unknown keys are passed over, at every depth", () => {
  const widen = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(widen);
    if (typeof value !== "object" || value === null) return value;
    return {
      ...Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, widen(inner)])),
      later: 1,
    };
  };
  // Records of addresses have our names as keys, so a new key there is a new entry.
  const plain = coordinatorSamples.filter((sample) => !sample.includes('"signed"'));
  for (const sample of plain)
    expect(CoordinatorFrame.parse(widen(JSON.parse(sample)))).toEqual(JSON.parse(sample));
  for (const sample of agentSamples)
    expect(AgentFrame.parse(widen(JSON.parse(sample)))).toEqual(JSON.parse(sample));
});

test("an unknown type is no frame of either side", () => {
  expect(AgentFrame.safeParse({ type: "poll", seq: 1 }).success).toBe(false);
  expect(CoordinatorFrame.safeParse({ type: "pause", seq: 1 }).success).toBe(false);
});

test("a result cannot name an object outside its attempt", () => {
  const result = { kind: "mp4", object: "video.mp4", width: 2, height: 2, frames: 1, duration: 1 };
  expect(Result.safeParse(result).success).toBe(true);
  for (const object of ["../x", "a/b", "", ".hidden", "a b", "x".repeat(65)]) {
    expect(Result.safeParse({ ...result, object }).success).toBe(false);
  }
});

test("a recipe holds no free text for ffmpeg", () => {
  const rung = { name: "480", mode: "encode", width: 854, height: 480, ceiling: 1 };
  const recipe = JSON.parse(FROM_COORDINATORS.grant[2] ?? "").recipe;
  expect(Recipe.safeParse(recipe).success).toBe(true);
  expect(Recipe.safeParse({ ...recipe, rungs: [{ ...rung, name: "480 -f lavfi" }] }).success).toBe(false);
  expect(Recipe.safeParse({ ...recipe, rungs: [{ ...rung, width: 853 }] }).success).toBe(false);
  expect(Recipe.safeParse({ ...recipe, rungs: [{ ...rung, mode: "exec" }] }).success).toBe(false);
});

test("the present protocol is supported, and a frame is at most 64 KiB", () => {
  expect(SUPPORTED_PROTOCOLS).toContain(1);
  expect(MAX_FRAME_BYTES).toBe(65_536);
});
