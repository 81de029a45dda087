import { t } from "../strings";
import { Icon } from "./Icon";
import { hueOf, initials } from "./identity";

interface AvatarProps {
  id: string;
  name: string;
  url?: string | null;
  size?: "xs" | "s" | "m" | "l";
  /** Rooms wear a sign instead of initials. */
  room?: boolean;
  status?: string | undefined;
}

export function Avatar({ id, name, url, size = "m", room = false, status }: AvatarProps) {
  return (
    <span class={`avatar avatar-${size} hue-${hueOf(id)}${room ? " avatar-room" : ""}`}>
      <span class="avatar-face" aria-hidden="true">
        {url ? <img src={url} alt="" /> : room ? <Icon name="hash" /> : initials(name)}
      </span>
      {status && <PresenceDot status={status} />}
    </span>
  );
}

export function PresenceDot({ status }: { status: string }) {
  const label = t.presence[status] ?? status;
  return (
    <span
      class={`presence-dot presence-${status}`}
      data-testid="presence-dot"
      data-status={status}
      title={label}
    >
      <span class="visually-hidden">{label}</span>
    </span>
  );
}
