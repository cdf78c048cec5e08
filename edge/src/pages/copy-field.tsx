/** A read-only line of text with its Copy button; without script the text can still be selected. */
import { Icon } from "./icons.tsx";

export function CopyField({ label, text }: { label: string; text: string }) {
  const id = `copy-${label.toLowerCase().replaceAll(/[^a-z]/g, "-")}`;
  return (
    <div class="copy-field">
      <label for={id}>{label}</label>
      <input id={id} type="text" readonly value={text} spellcheck={false} data-select />
      <CopyButton text={text} what={label} />
    </div>
  );
}

export function CopyButton({ text, what }: { text: string; what: string }) {
  return (
    <button
      class="button quiet icon-only scripted"
      type="button"
      data-copy={text}
      aria-label={`Copy: ${what}`}
    >
      <Icon name="copy" />
      <Icon name="check" />
    </button>
  );
}
