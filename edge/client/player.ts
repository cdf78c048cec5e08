/** The script of pages with a player: media-chrome's elements around a video or an audio element of ours. */
import "./player/elements.ts";
import { currentRecord, onRecord } from "./lib/current-record.ts";
import { find, seek } from "./lib/dom.ts";
import { Film } from "./player/film.ts";
import { startKeyboard, toggleFullscreen } from "./player/keyboard.ts";
import { rememberPlace, rememberVolume, startingPlace } from "./player/memory.ts";
import { startMenus } from "./player/menus.ts";
import { Sound } from "./player/sound.ts";
import { TextTracks } from "./player/text-tracks.ts";
import { drawTimeline } from "./player/timeline.ts";
import { showSeeks } from "./player/waiting-sign.ts";
import { WaveScrubber } from "./player/waveform.ts";

const player = find("#player", HTMLElement);
const media = find("[slot=media]", HTMLMediaElement, player);
const record = currentRecord();
const range = find("media-time-range", HTMLElement, player);

rememberVolume(media);
if (media instanceof HTMLVideoElement) startFilm(media);
else if (media instanceof HTMLAudioElement) startSound(media);
rememberPlace(media, record.id);
const frameRate = record.streams?.find((stream) => stream.type === "video")?.frameRate ?? null;
startKeyboard({ media, player, frameRate });
onRecord((changed) => drawTimeline(range, changed));

/** On the picture itself; its controls have their own double meanings. */
player.addEventListener("dblclick", (event) => {
  if (event.composedPath()[0] === media) toggleFullscreen(player);
});

function startFilm(video: HTMLVideoElement): void {
  const film = new Film(video, record, () => draw());
  const draw = startMenus(player, film);
  const tracks = new TextTracks(video);
  showSeeks(video, find("media-loading-indicator", HTMLElement, player));
  film.start(startingPlace(record.id));
  onRecord((changed) => {
    film.update(changed);
    tracks.update(changed, film.quality === "original" || film.canChoose);
  });
  const keys = find("#keys-item", HTMLElement, player);
  keys.addEventListener("click", () => find("#keys", HTMLDialogElement).showModal());
  const captions = seek("#captions-item", HTMLElement, player);
  video.textTracks.addEventListener("addtrack", ({ track }) => {
    if (captions && track?.kind === "subtitles") captions.hidden = false;
  });
}

function startSound(audio: HTMLAudioElement): void {
  const sound = new Sound(audio, record);
  sound.start(startingPlace(record.id));
  const wave = new WaveScrubber(audio, range);
  onRecord((changed) => {
    sound.update(changed);
    wave.update(changed);
  });
}
