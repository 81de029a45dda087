import { useRef, useState } from "preact/hooks";
import type { TimelineItem } from "../client";
import { t } from "../strings";
import { IconButton } from "../ui/IconButton";
import { Popover } from "../ui/Popover";
import { COMMON_EMOJI, MORE_EMOJI, toggleReaction } from "./actions";

export function ReactButton({ item }: { item: TimelineItem }) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) anchor.current?.focus();
  };
  return (
    <>
      <IconButton
        icon="smile"
        label={t.message.react}
        popup="dialog"
        expanded={open}
        buttonRef={anchor}
        onClick={() => setOpen(!open)}
        testId="react"
      />
      {open && (
        <Popover
          anchor={anchor}
          onClose={close}
          label={t.message.react}
          role="dialog"
          class="emoji-picker"
          testId="emoji-picker"
        >
          <EmojiGrid item={item} emoji={[...COMMON_EMOJI, ...MORE_EMOJI]} onDone={() => close(true)} />
        </Popover>
      )}
    </>
  );
}

interface EmojiGridProps {
  item: TimelineItem;
  emoji: string[];
  onDone: () => void;
}

export function EmojiGrid({ item, emoji, onDone }: EmojiGridProps) {
  return (
    <>
      {emoji.map((one) => (
        <button
          key={one}
          type="button"
          class="emoji-button"
          aria-label={one}
          data-emoji={one}
          onClick={() => {
            onDone();
            toggleReaction(item, one);
          }}
        >
          {one}
        </button>
      ))}
    </>
  );
}
