/**
 * The image viewer: fits at first, a click goes to full size at that point and back; wheel, pinch, drag and the
 * keys + − 0 1 and arrows zoom and pan. Where the page shows a preview, zooming in brings the original.
 */
import { find, seek } from "../lib/dom.ts";
import { onRecord } from "../lib/current-record.ts";
import { type Board, clampPan, fitScale, type View, zoomAt } from "../../src/pages/shared/zoom.ts";
import { renditionOf } from "../../src/pages/shared/record.ts";

const STEP = 1.5;
const ARROW_PX = 80;
/** A press that moves less than this is a click. Pixels. */
const CLICK_SLOP_PX = 5;

export function startViewer(stage: HTMLElement): void {
  const viewer = new Viewer(stage);
  onRecord((record) => {
    viewer.setFullWidth(record.width ?? 0);
    const preview = renditionOf(record, "preview");
    if (preview?.state === "ready" && preview.url) viewer.offerPreview(preview.url);
  });
  viewer.listen();
}

class Viewer {
  readonly #stage: HTMLElement;
  readonly #picture: HTMLImageElement;
  readonly #value: HTMLElement;
  readonly #pointers = new Map<number, PointerEvent>();
  #view: View = { scale: 1, x: 0, y: 0 };
  #zoomed = false;
  #travelled = 0;
  /** Of the original; 0 while unknown. */
  #fullWidth = 0;

  constructor(stage: HTMLElement) {
    this.#stage = stage;
    this.#picture = find("#picture", HTMLImageElement, stage);
    this.#value = find("#zoom", HTMLElement, stage);
  }

  listen(): void {
    const stage = this.#stage;
    const link = find(".picture-link", HTMLAnchorElement, stage);
    link.addEventListener("click", (event) => event.preventDefault());
    link.addEventListener("dragstart", (event) => event.preventDefault());
    link.addEventListener("pointerdown", (event) => this.#press(event));
    link.addEventListener("pointermove", (event) => this.#move(event));
    link.addEventListener("pointerup", (event) => this.#release(event, true));
    link.addEventListener("pointercancel", (event) => this.#release(event, false));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("click", (event) => this.#tool(event));
    addEventListener("keydown", (event) => this.#key(event));
    addEventListener("resize", () => this.#fit());
    this.#picture.addEventListener("load", () => this.#loaded());
    if (this.#picture.complete && this.#picture.naturalWidth > 0) this.#loaded();
  }

  setFullWidth(width: number): void {
    if (width === this.#fullWidth) return;
    this.#fullWidth = width;
    if (!this.#zoomed && this.#picture.naturalWidth > 0) this.#fit();
  }

  /** Takes the place of the note where the original cannot be drawn. */
  offerPreview(address: string): void {
    if (!this.#picture.hidden) return;
    this.#picture.src = address;
    this.#picture.hidden = false;
    seek("#stage-note", HTMLElement, this.#stage)?.remove();
    this.#stage.dataset["full"] ||= address;
  }

  #loaded(): void {
    this.#stage.classList.add("drawn");
    if (!this.#zoomed) this.#fit();
  }

  #board(): Board {
    const box = this.#stage.getBoundingClientRect();
    const { naturalWidth, naturalHeight } = this.#picture;
    const exact = this.#stage.dataset["full"] === this.#picture.getAttribute("src");
    // A preview is smaller than what it stands for.
    const width = (exact ? 0 : this.#fullWidth) || naturalWidth;
    const ratio = naturalHeight / naturalWidth || 1;
    return { stage: { width: box.width, height: box.height }, picture: { width, height: width * ratio } };
  }

  #fit(): void {
    this.#zoomed = false;
    this.#view = { scale: fitScale(this.#board()), x: 0, y: 0 };
    this.#picture.style.transform = "";
    this.#draw();
  }

  #zoom(scale: number, at: { x: number; y: number }): void {
    const board = this.#board();
    // In and out again must end where it began, whatever the arithmetic lost on the way.
    if (scale <= fitScale(board) * 1.01) return this.#fit();
    this.#zoomed = true;
    this.#view = zoomAt(this.#view, scale, at, board);
    this.#bringFull();
    this.#draw();
  }

  #pan(byX: number, byY: number): void {
    this.#view = clampPan({ ...this.#view, x: this.#view.x + byX, y: this.#view.y + byY }, this.#board());
    this.#draw();
  }

  #draw(): void {
    this.#stage.classList.toggle("zoomed", this.#zoomed);
    this.#value.textContent = `${Math.round(this.#view.scale * 100)} %`;
    if (!this.#zoomed) return;
    const grown = this.#view.scale / fitScale(this.#board());
    this.#picture.style.transform = `translate(${this.#view.x}px, ${this.#view.y}px) scale(${grown})`;
  }

  #bringFull(): void {
    const full = this.#stage.dataset["full"];
    if (!full || this.#picture.getAttribute("src") === full) return;
    const original = new Image();
    original.src = full;
    // Swapped only once it can be drawn, so the preview never blinks away.
    void original.decode().then(
      () => this.#picture.setAttribute("src", full),
      () => {},
    );
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#pointers.set(event.pointerId, event);
    this.#travelled = this.#pointers.size > 1 ? CLICK_SLOP_PX : 0;
    if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId);
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const others = [...this.#pointers.values()].filter((other) => other.pointerId !== event.pointerId);
    this.#pointers.set(event.pointerId, event);
    this.#travelled += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
    const other = others[0];
    if (other) {
      const grown = distance(event, other) / Math.max(1, distance(before, other));
      this.#zoom(this.#view.scale * grown, this.#point(middle(event, other)));
    } else if (this.#zoomed) {
      this.#pan(event.clientX - before.clientX, event.clientY - before.clientY);
    }
  }

  #release(event: PointerEvent, meant: boolean): void {
    const pressed = this.#pointers.delete(event.pointerId);
    if (!pressed || !meant || this.#travelled >= CLICK_SLOP_PX || this.#pointers.size > 0) return;
    this.#toggle(this.#point(event));
  }

  #toggle(at: { x: number; y: number }): void {
    if (this.#zoomed) this.#fit();
    else this.#zoom(1, at);
  }

  #wheel(event: WheelEvent): void {
    // A plain wheel scrolls the page, as everywhere; with Ctrl (and a pinch on a trackpad) it zooms.
    if (!event.ctrlKey && !this.#zoomed) return;
    event.preventDefault();
    if (event.ctrlKey) this.#zoom(this.#view.scale * Math.exp(-event.deltaY / 200), this.#point(event));
    else this.#pan(-event.deltaX, -event.deltaY);
  }

  #tool(event: MouseEvent): void {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-zoom]") : null;
    const centre = { x: 0, y: 0 };
    if (button?.dataset["zoom"] === "in") this.#zoom(this.#view.scale * STEP, centre);
    if (button?.dataset["zoom"] === "out") this.#zoom(this.#view.scale / STEP, centre);
    if (button?.dataset["zoom"] === "fit") this.#toggle(centre);
  }

  #key(event: KeyboardEvent): void {
    const typing = event.target instanceof Element && event.target.closest("input, dialog, summary, pre");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const centre = { x: 0, y: 0 };
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [ARROW_PX, 0],
      ArrowRight: [-ARROW_PX, 0],
      ArrowUp: [0, ARROW_PX],
      ArrowDown: [0, -ARROW_PX],
    };
    const move = this.#zoomed ? moves[event.key] : undefined;
    if (move) this.#pan(...move);
    else if (event.key === "+" || event.key === "=") this.#zoom(this.#view.scale * STEP, centre);
    else if (event.key === "-") this.#zoom(this.#view.scale / STEP, centre);
    else if (event.key === "1") this.#zoom(1, centre);
    else if (event.key === "0" || (event.key === "Escape" && this.#zoomed)) this.#fit();
    else return;
    event.preventDefault();
  }

  /** From the middle of the stage. */
  #point(event: { clientX: number; clientY: number }): { x: number; y: number } {
    const box = this.#stage.getBoundingClientRect();
    return { x: event.clientX - box.x - box.width / 2, y: event.clientY - box.y - box.height / 2 };
  }
}

interface Place {
  clientX: number;
  clientY: number;
}

function distance(one: Place, other: Place): number {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
}

function middle(one: Place, other: Place): Place {
  return { clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 };
}
