/** What a file's page is about: the player, viewer, text or card at its top, chosen by the file's kind. */
import type { FileKind } from "../db/schema.ts";
import { extensionLabel } from "./facts.ts";
import { Icon, type IconName } from "./icons.tsx";
import { ImageStage } from "./stage-image.tsx";
import { AudioStage, VideoStage } from "./stage-player.tsx";
import { type TextHead, TextStage } from "./stage-text.tsx";
import { formatBytes } from "./shared/format.ts";
import type { RecordView } from "./shared/record.ts";

export interface StageView {
  record: RecordView;
  kind: FileKind;
  /** The beginning of a text, where this is one. */
  text: TextHead | null;
}

/** Pictures that browsers draw themselves; of others the preview is shown, once there is one. */
export const DRAWN_PICTURES = [
  "image/jpeg",
  "image/png",
  "image/gif",
  "image/webp",
  "image/avif",
  "image/bmp",
  "image/x-icon",
  "image/vnd.microsoft.icon",
];

const KIND_ICONS: Record<FileKind, IconName> = {
  image: "image",
  animation: "image",
  video: "video",
  audio: "audio",
  text: "text",
  document: "text",
  other: "file",
};

export function Stage({ record, kind, text }: StageView) {
  switch (kind) {
    case "video":
      return <VideoStage record={record} />;
    case "audio":
      return <AudioStage record={record} />;
    case "image":
    case "animation":
      return (
        <ImageStage
          record={record}
          drawn={DRAWN_PICTURES.includes(record.type)}
          moves={kind === "animation"}
        />
      );
    case "text":
      return text === null ? (
        <CardStage record={record} kind={kind} />
      ) : (
        <TextStage record={record} text={text} />
      );
    case "document":
    case "other":
      return <CardStage record={record} kind={kind} />;
  }
}

function CardStage({ record, kind }: { record: RecordView; kind: FileKind }) {
  return (
    <section class="stage card" aria-label="File">
      <Icon name={KIND_ICONS[kind]} />
      <p class="card-type">{extensionLabel(record)}</p>
      <p>
        {formatBytes(record.size)} · {record.type}
      </p>
    </section>
  );
}
