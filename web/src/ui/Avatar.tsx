import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../strings";
import { Icon } from "./Icon";
import { hueFor, initials } from "./identity";

/** Whose avatar it is; `faceOf` in conversations/naming.ts has it from a person. */
export interface Face {
  id: string;
  name: string;
  url?: string | null | undefined;
  hue?: number | null | undefined;
  /** Rooms wear a sign instead of initials. */
  room?: boolean;
}

interface AvatarProps extends Face {
  size?: "xs" | "s" | "m" | "l" | "xl";
  status?: string | undefined;
}

export function Avatar({ id, name, url, hue, size = "m", room = false, status }: AvatarProps) {
  return (
    <span class={`avatar avatar-${size} hue-${hueFor(id, hue)}${room ? " avatar-room" : ""}`}>
      <span class="avatar-face" aria-hidden="true" data-testid="avatar-face">
        <Picture key={url} url={url} instead={room ? <Icon name="hash" /> : initials(name)} />
      </span>
      {status && <PresenceDot status={status} />}
    </span>
  );
}

/** The page shows pictures of its own server only; the name stands in for one from elsewhere. */
const OWN = /^(\/(?!\/)|blob:)/;

function Picture({ url, instead }: { url: string | null | undefined; instead: ComponentChildren }) {
  const [broken, setBroken] = useState(false);
  if (!url || broken || !OWN.test(url)) return <>{instead}</>;
  return <img src={url} alt="" decoding="async" draggable={false} onError={() => setBroken(true)} />;
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
