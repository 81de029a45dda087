import type { RefObject } from "preact";
import { t } from "../strings";
import { type MenuItem, MenuItems } from "../ui/Menu";
import { Popover } from "../ui/Popover";
import { COMMON_EMOJI, mayEdit, menuOf, startEdit, startReply } from "./actions";
import type { MessageRowProps } from "./props";
import { EmojiGrid } from "./ReactButton";

interface SheetProps extends MessageRowProps {
  anchor: RefObject<HTMLElement | null>;
  onClose: () => void;
}

/** The same actions for fingers: from the lower edge, in reach of the thumb. */
export function MessageSheet({ anchor, onClose, ...props }: SheetProps) {
  const items: MenuItem[] = [];
  if (props.writable)
    items.push({ label: t.message.reply, icon: "reply", onSelect: () => startReply(props), testId: "reply" });
  if (mayEdit(props))
    items.push({ label: t.message.edit, icon: "edit", onSelect: () => startEdit(props), testId: "edit" });
  items.push(...menuOf(props));
  return (
    <Popover
      anchor={anchor}
      onClose={onClose}
      label={t.message.actions}
      role="dialog"
      class="sheet"
      testId="message-sheet"
    >
      {props.writable && (
        <div class="sheet-emoji">
          <EmojiGrid item={props.item} emoji={COMMON_EMOJI} onDone={onClose} />
        </div>
      )}
      <MenuItems items={items} onDone={onClose} />
    </Popover>
  );
}
