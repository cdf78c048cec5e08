/** The geometry of the image viewer: what fits, zooming about a point, and how far one may pan. Pure. */

interface Extent {
  width: number;
  height: number;
}

/** Both in CSS pixels; the picture at its full size. */
export interface Board {
  stage: Extent;
  picture: Extent;
}

/** `scale` 1 is full size; x and y move the picture's middle away from the stage's. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

const MOST = 16;

/** Pictures are shrunk to fit, never blown up. */
export function fitScale({ stage, picture }: Board): number {
  if (picture.width === 0 || picture.height === 0) return 1;
  return Math.min(1, stage.width / picture.width, stage.height / picture.height);
}

/** What lies under `at` (from the stage's middle) stays there. */
export function zoomAt(view: View, scale: number, at: { x: number; y: number }, board: Board): View {
  const wanted = Math.min(Math.max(scale, fitScale(board)), MOST);
  const grown = wanted / view.scale;
  const moved = { scale: wanted, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown };
  return clampPan(moved, board);
}

/** No edge of the picture comes further in than the stage's own. */
export function clampPan(view: View, { stage, picture }: Board): View {
  const spareX = Math.max(0, (picture.width * view.scale - stage.width) / 2);
  const spareY = Math.max(0, (picture.height * view.scale - stage.height) / 2);
  return { scale: view.scale, x: clamp(view.x, spareX), y: clamp(view.y, spareY) };
}

function clamp(value: number, limit: number): number {
  return Math.min(Math.max(value, -limit), limit);
}
