/** What the settings menu offers of a film: its qualities (Auto, every rung, Original) and its sounds. */
import { MediaChromeMenu } from "media-chrome/dist/menu/media-chrome-menu.js";
import { numbered } from "../../src/pages/shared/captions.ts";
import { formatPercent } from "../../src/pages/shared/format.ts";
import { languageName } from "../../src/pages/shared/languages.ts";
import type { RenditionView } from "../../src/pages/shared/record.ts";
import { find } from "../lib/dom.ts";
import { type Choice, ChoiceMenu } from "./choice-menu.ts";
import type { Film } from "./film.ts";
import type { SoundTrack } from "./stream.ts";

/** Answers what draws the menus as the film is now. */
export function startMenus(player: HTMLElement, film: Film): () => void {
  const qualities = new ChoiceMenu(find("#quality", MediaChromeMenu, player), (name) => film.choose(name));
  const sounds = new ChoiceMenu(find("#sounds", MediaChromeMenu, player), (name) => film.chooseSound(name));
  const soundItem = find("#sounds-item", HTMLElement, player);
  return () => {
    qualities.draw(qualityChoices(film), film.quality);
    const tracks = film.sounds;
    soundItem.hidden = tracks.length < 2;
    sounds.draw(soundChoices(tracks), film.sound);
  };
}

function qualityChoices({ rungs, canOriginal, canStream, canChoose, playing, quality }: Film): Choice[] {
  const streams = canChoose ? rungs.toReversed() : [];
  const auto = { value: "auto", text: "Auto", note: quality === "auto" && playing ? `${playing}p` : "" };
  return [
    ...(canStream && rungs.length > 0 ? [auto] : []),
    ...streams.map((rung) => ({ value: rung.name, text: `${rung.name}p`, note: stateNote(rung) })),
    ...(canOriginal ? [{ value: "original", text: "Original", note: "" }] : []),
  ];
}

function stateNote(rung: RenditionView): string {
  if (rung.state === "ready") return "";
  return rung.fraction === null ? "not ready" : formatPercent(rung.fraction);
}

function soundChoices(tracks: SoundTrack[]): Choice[] {
  const labels = tracks.map(({ language }) => ({ label: languageName(language) ?? "Sound" }));
  return tracks.map(({ name }, at) => ({ value: name, text: numbered(labels, at), note: "" }));
}
