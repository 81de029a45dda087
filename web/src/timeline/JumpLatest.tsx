import { t } from "../strings";
import { Icon } from "../ui/Icon";

export function JumpLatest({ unread, onJump }: { unread: number; onJump: () => void }) {
  const label = unread > 0 ? t.chat.jumpLatestNew(unread) : t.chat.jumpLatest;
  return (
    <button
      type="button"
      class={`jump-latest${unread > 0 ? " jump-latest-new" : ""}`}
      onClick={onJump}
      aria-label={unread > 0 ? `${t.chat.jumpLatest}, ${label}` : label}
      data-testid="jump-latest"
      data-unread={unread}
    >
      <Icon name="arrowDown" />
      {unread > 0 && <span>{label}</span>}
    </button>
  );
}
