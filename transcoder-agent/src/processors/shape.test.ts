import { expect, test } from "vitest";
import { parseProbed } from "../ffmpeg/probe.ts";
import { checkLimits } from "./shape.ts";

const probed = (side: number, cover: boolean) =>
  parseProbed(
    JSON.stringify({
      format: { format_name: "mp3", duration: "10" },
      streams: [
        {
          ...{ index: 0, codec_type: "video", codec_name: "mjpeg", width: side, height: 100 },
          disposition: { attached_pic: cover ? 1 : 0, default: 0 },
        },
      ],
    }),
  );

test("a picture larger than decoders can bear is refused, a song with a large cover is not", () => {
  expect(() => checkLimits(probed(9_000, false))).toThrow(/9000 pixels/);
  expect(() => checkLimits(probed(9_000, true))).not.toThrow();
});
