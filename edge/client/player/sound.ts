/** What the audio element plays: the original where this browser can, else the m4a once there is one. */
import { playableType } from "../../src/pages/shared/playback.ts";
import { type RecordView, renditionOf } from "../../src/pages/shared/record.ts";
import { showNote } from "./note.ts";

export class Sound {
  readonly #audio: HTMLAudioElement;
  #record: RecordView;
  #originalFails = false;
  #at = 0;

  constructor(audio: HTMLAudioElement, record: RecordView) {
    this.#audio = audio;
    this.#record = record;
    audio.addEventListener("error", () => {
      if (audio.src !== record.raw_url) return;
      this.#originalFails = true;
      this.#choose();
    });
    audio.addEventListener("loadedmetadata", () => {
      if (this.#at > 0) audio.currentTime = this.#at;
      this.#at = 0;
    });
  }

  start(at: number): void {
    this.#at = at;
    this.#choose();
  }

  update(record: RecordView): void {
    this.#record = record;
    if (!this.#audio.src || this.#audio.error) this.#choose();
  }

  #choose(): void {
    const type = playableType(this.#record.type, this.#record.streams);
    const made = renditionOf(this.#record, "m4a");
    const plays = !this.#originalFails && type !== null && this.#audio.canPlayType(type) !== "";
    const address = plays ? this.#record.raw_url : made?.state === "ready" ? made.url : null;
    showNote(address === null ? waitingWords(this.#record) : null);
    if (address !== null && this.#audio.src !== address) this.#audio.src = address;
  }
}

function waitingWords(record: RecordView): string {
  if (record.status !== "processing") return "This browser does not play this sound. Download it to listen.";
  return "This browser does not play the original. It will play here once a copy has been made; download it meanwhile.";
}
