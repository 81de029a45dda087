import { t } from "../strings";
import { IconButton } from "../ui/IconButton";
import { Menu } from "../ui/Menu";
import { mayEdit, menuOf, startEdit, startReply } from "./actions";
import type { MessageRowProps } from "./props";
import { ReactButton } from "./ReactButton";

/** The bar beside the bubble that is pointed at or has the focus. */
export function MessageActions(props: MessageRowProps) {
  const menu = menuOf(props);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms.
    <div class="message-actions" role="group" aria-label={t.message.actions}>
      {props.writable && <ReactButton item={props.item} />}
      {props.writable && (
        <IconButton icon="reply" label={t.message.reply} onClick={() => startReply(props)} testId="reply" />
      )}
      {mayEdit(props) && (
        <IconButton icon="edit" label={t.message.edit} onClick={() => startEdit(props)} testId="edit" />
      )}
      {menu.length > 0 && <Menu icon="more" label={t.message.actions} items={menu} testId="message-menu" />}
    </div>
  );
}
