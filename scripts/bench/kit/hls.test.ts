import { expect, test } from "vitest";
import { beginningOf, listsOf } from "./hls.ts";

test("a player begins with the first variant and its sound", () => {
  const master = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="1",DEFAULT=YES,URI="p/audio-0/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"
p/480/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO="a"
p/720/index.m3u8
`;
  expect(listsOf(master)).toEqual(["p/480/index.m3u8", "p/audio-0/index.m3u8"]);
  expect(listsOf(master.replace(/#EXT-X-MEDIA.*\n/, ""))).toEqual(["p/480/index.m3u8"]);
});

test("a list begins with its init and its first segment", () => {
  const list = '#EXTM3U\n#EXT-X-MAP:URI="init-0.mp4"\n#EXTINF:4,\n0.m4s\n#EXTINF:4,\n1.m4s\n';
  expect(beginningOf(list)).toEqual(["init-0.mp4", "0.m4s"]);
});
