import { useEffect, useState } from "preact/hooks";
import type { Status } from "../client";
import { client, useLive } from "../state/client";
import { t } from "../strings";
import { Icon } from "../ui/Icon";

/** Short interruptions are not worth a banner; being cut off is. */
const PATIENCE_MS = 900;

type Shown = "offline" | "reconnecting" | "connecting" | "syncing" | "online";

function shownState(status: Status, networkUp: boolean): Shown {
  if (status === "online") return "online";
  if (!networkUp) return "offline";
  if (status === "offline") return "reconnecting";
  return status === "syncing" ? "syncing" : "connecting";
}

export function ConnectionBanner() {
  const status = useLive(["status"], () => client.status);
  const networkUp = useNetworkUp();
  const state = shownState(status, networkUp);
  const visible = useVisible(state);
  return (
    <div
      class={`connection connection-${state}`}
      role="status"
      data-testid="connection-state"
      data-state={state}
      data-visible={visible}
    >
      {visible && (
        <p>
          {state === "offline" ? <Icon name="cloudOff" /> : <span class="spinner" />}
          <span>{state === "online" ? "" : t.connection[state]}</span>
          {state === "reconnecting" && (
            <button
              type="button"
              class="link-button"
              onClick={() => client.reconnect()}
              data-testid="reconnect"
            >
              {t.connection.retryNow}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function useVisible(state: Shown): boolean {
  const [late, setLate] = useState(false);
  const cut = state !== "online";
  useEffect(() => {
    setLate(false);
    if (!cut) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [cut]);
  return state === "offline" || (cut && late);
}

function useNetworkUp(): boolean {
  const [up, setUp] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setUp(navigator.onLine);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  return up;
}
