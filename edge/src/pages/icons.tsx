/** The few icons of the pages, drawn as inline strokes of one weight; always beside words or a label. */
const PATHS = {
  upload: "M12 16V4m0 0L7 9m5-5 5 5M4 16v3a1.5 1.5 0 0 0 1.5 1.5h13A1.5 1.5 0 0 0 20 19v-3",
  download: "M12 4v12m0 0-5-5m5 5 5-5M4 16v3a1.5 1.5 0 0 0 1.5 1.5h13A1.5 1.5 0 0 0 20 19v-3",
  copy: "M9 9h9.5A1.5 1.5 0 0 1 20 10.5v8A1.5 1.5 0 0 1 18.5 20H10.5A1.5 1.5 0 0 1 9 18.5zM15 9V5.5A1.5 1.5 0 0 0 13.5 4H5.5A1.5 1.5 0 0 0 4 5.5v8A1.5 1.5 0 0 0 5.5 15H9",
  check: "m5 12.5 4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6 6 18",
  trash: "M4 7h16M9 7V4.5h6V7M6.5 7l.8 12.5h9.400L17.5 7M10 11v5M14 11v5",
  retry: "M20 11.5A8 8 0 1 0 18 17.200M20 5.5v6h-6",
  open: "M13 5h6v6M19 5l-8 8M10 5H6.5A1.5 1.5 0 0 0 5 6.5v11A1.5 1.5 0 0 0 6.5 19h11a1.5 1.5 0 0 0 1.5-1.5V14",
  code: "m8.5 7.5-5 4.5 5 4.5m7-9 5 4.5-5 4.5",
  wrap: "M4 6h16M4 12h12.5a3 3 0 0 1 0 6H12m0 0 2.5-2.5M12 18l2.5 2.5M4 18h4",
  image:
    "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM4 16l4.5-4.5 3.5 3.5 3-3 5 5M15.5 9.200h.01",
  video:
    "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM10 9v6l5-3z",
  audio:
    "M9 18V6l11-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zm11-2a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z",
  text: "M6.5 3.5h8l4 4v13h-12zM14 3.5V8h4.5M9 12h6.5M9 15.5h6.5",
  file: "M6.5 3.5h8l4 4v13h-12zM14 3.5V8h4.5",
  gone: "M6.5 3.5h8l4 4v13h-12zM14 3.5V8h4.5M10 12.5l5 5m0-5-5 5",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.3 15.3 20 20",
  alert: "M12 4 3 19.5h18zM12 10v4.5m0 2.5v.01",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.5V12l3 2",
  lock: "M6.5 11h11v9h-11zM9 11V8a3 3 0 0 1 6 0v3",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  gear: "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM10.6 3.500h2.800l.5 2.4 1.8.8 2.1-1.4 2 2-1.4 2.1.8 1.8 2.4.5v2.800l-2.4.5-.8 1.8 1.4 2.1-2 2-2.1-1.4-1.8.8-.5 2.400h-2.800l-.5-2.4-1.8-.8-2.1 1.4-2-2 1.4-2.1-.8-1.8-2.4-.5v-2.800l2.4-.5.8-1.8-1.4-2.1 2-2 2.1 1.4 1.8-.8z",
  fit: "M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, slot }: { name: IconName; slot?: string }) {
  return (
    <svg class="icon" slot={slot} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: a cloud that wears a cap. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M9 26a6 6 0 0 1-1.3-11.86 8.5 8.5 0 0 1 16.6-1.050A6.5 6.5 0 0 1 23.5 26z" />
      <path class="mark-cap" d="M7.7 14.140a8.5 8.5 0 0 1 16.6-1.050L30 14.600c-7.2-1.5-15-1.6-22.3-.46z" />
    </svg>
  );
}
