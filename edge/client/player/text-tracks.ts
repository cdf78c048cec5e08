/**
 * The `<track>` elements of the film: captions, and the pictures of its storyboard, which media-chrome shows
 * over the timeline. Each is added once, when it has been made, and stays whatever source plays.
 */
import { captionsOf } from "../../src/pages/shared/captions.ts";
import { hasStoryboard, type RecordView } from "../../src/pages/shared/record.ts";

/** media-chrome takes the pictures from the metadata track of this name. */
const PREVIEWS = "thumbnails";

export class TextTracks {
  readonly #video: HTMLVideoElement;
  readonly #added = new Set<string>();

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  /** `captions`: false where the browser's own player brings those of the stream. */
  update(record: RecordView, captions: boolean): void {
    if (hasStoryboard(record)) {
      const track = this.#add(`${record.url}/storyboard.vtt`, "metadata", PREVIEWS);
      // Until it is at least hidden a browser does not fetch it.
      if (track) track.track.mode = "hidden";
    }
    for (const { url, label, language } of captions ? captionsOf(record) : []) {
      this.#add(url, "subtitles", label, language);
    }
  }

  #add(url: string, kind: string, label: string, srclang = ""): HTMLTrackElement | null {
    if (this.#added.has(url)) return null;
    this.#added.add(url);
    const track = document.createElement("track");
    Object.assign(track, { kind, label, srclang, src: url, default: kind === "metadata" });
    this.#video.append(track);
    return track;
  }
}
