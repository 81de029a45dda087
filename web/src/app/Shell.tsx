import { ConversationView } from "../conversations/ConversationView";
import { Sidebar } from "../conversations/Sidebar";
import { DetailsPanel } from "../details/DetailsPanel";
import type { Route } from "../state/route";
import { t } from "../strings";
import { Logo } from "../ui/Logo";
import { ConnectionBanner } from "./ConnectionBanner";
import { useAwayStatus } from "./useAwayStatus";
import { useTitle } from "./useTitle";

/** List, conversation, details: three columns on a desk, one at a time on a phone. */
export function Shell({ route }: { route: Route }) {
  useTitle();
  useAwayStatus();
  const open = route.page === "conversation" ? route : null;
  const shows = !open ? "list" : open.details ? "details" : "conversation";
  return (
    <div class={`shell shows-${shows}`}>
      <ConnectionBanner />
      <Sidebar route={route} />
      <main class="main">
        {open ? (
          <ConversationView key={open.id} id={open.id} target={open.seq} detailsOpen={open.details} />
        ) : (
          <NothingOpen />
        )}
      </main>
      {open?.details && <DetailsPanel key={open.id} id={open.id} />}
    </div>
  );
}

function NothingOpen() {
  return (
    <div class="empty">
      <Logo class="empty-art" />
      <h1>{t.chat.pickTitle}</h1>
      <p>{t.chat.pickText}</p>
    </div>
  );
}
