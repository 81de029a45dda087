import { useEffect, useState } from "preact/hooks";
import { useMay, useMe } from "../state/client";
import { openDialog } from "../state/dialogs";
import { formatRoute, go, listPage, type Route } from "../state/route";
import { t } from "../strings";
import { Avatar } from "../ui/Avatar";
import { Icon, type IconName } from "../ui/Icon";
import { IconButton } from "../ui/IconButton";
import { Logo } from "../ui/Logo";
import { Menu, type MenuItem } from "../ui/Menu";
import { ConversationList } from "./ConversationList";
import { faceOf } from "./naming";
import { RoomDirectory } from "./RoomDirectory";

export function Sidebar({ route }: { route: Route }) {
  const [q, setQ] = useState("");
  const rooms = useMay("rooms.use");
  const list = listPage.value === "rooms" && !rooms ? "chats" : listPage.value;
  const currentId = route.page === "conversation" ? route.id : null;
  useEffect(() => {
    if (route.page === "rooms" && !rooms) go({ page: "chats" }, true);
  }, [route.page, rooms]);
  const label = list === "rooms" ? t.list.filterRooms : t.list.filter;
  return (
    <nav class="sidebar" aria-label={t.list.title}>
      <SidebarHeader />
      <div class="sidebar-tools">
        {list === "archived" ? <ArchivedHeading /> : rooms && <ListTabs list={list} />}
        <div class="search-box">
          <Icon name="search" />
          <input
            type="search"
            value={q}
            placeholder={label}
            aria-label={label}
            onInput={(event) => setQ(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Escape" && setQ("")}
            data-testid="filter"
          />
        </div>
      </div>
      <div class="sidebar-list scroller">
        {list === "rooms" ? (
          <RoomDirectory q={q.trim()} currentId={currentId} />
        ) : (
          <ConversationList q={q.trim()} archived={list === "archived"} currentId={currentId} />
        )}
        {list === "chats" && <ArchivedLink />}
      </div>
    </nav>
  );
}

function SidebarHeader() {
  const me = useMe();
  const administers = useMay("people.manage");
  return (
    <header class="sidebar-header">
      <a class="brand" href={formatRoute({ page: "chats" })}>
        <Logo class="brand-mark" />
        <span>{t.appName}</span>
      </a>
      {administers && (
        <IconButton
          icon="shield"
          label={t.list.admin}
          onClick={() => go({ page: "admin", section: null })}
          testId="admin"
        />
      )}
      <NewMenu />
      <button
        type="button"
        class="me-button"
        title={t.list.settings}
        onClick={() => go({ page: "settings", section: null })}
        data-testid="settings"
      >
        <Avatar {...faceOf(me)} size="s" />
        <span class="visually-hidden">{t.list.settings}</span>
      </button>
    </header>
  );
}

/** A button where there is nothing to choose from. */
function NewMenu() {
  const groups = useMay("groups.create");
  const rooms = useMay("rooms.use");
  const item = (kind: "new-chat" | "new-group" | "new-room", label: string, icon: IconName): MenuItem => ({
    label,
    icon,
    onSelect: () => openDialog({ kind }),
    testId: kind,
  });
  const chat = item("new-chat", t.list.newChat, "person");
  if (!groups && !rooms)
    return <IconButton icon="compose" label={chat.label} onClick={chat.onSelect} testId={chat.testId} />;
  const items = [
    chat,
    ...(groups ? [item("new-group", t.list.newGroup, "people")] : []),
    ...(rooms ? [item("new-room", t.list.newRoom, "hash")] : []),
  ];
  return <Menu icon="compose" label={t.list.newMenu} testId="new-menu" items={items} />;
}

function ListTabs({ list }: { list: "chats" | "rooms" }) {
  return (
    <div class="segmented">
      <a
        href={formatRoute({ page: "chats" })}
        aria-current={list === "chats" ? "page" : undefined}
        data-testid="chats-tab"
      >
        {t.list.chatsTab}
      </a>
      <a
        href={formatRoute({ page: "rooms" })}
        aria-current={list === "rooms" ? "page" : undefined}
        data-testid="rooms-tab"
      >
        {t.list.roomsTab}
      </a>
    </div>
  );
}

function ArchivedHeading() {
  return (
    <div class="archived-heading">
      <IconButton
        icon="back"
        label={t.list.backToChats}
        onClick={() => go({ page: "chats" })}
        testId="back-to-chats"
      />
      <h2>{t.list.showArchived}</h2>
    </div>
  );
}

function ArchivedLink() {
  return (
    <a class="archived-link" href={formatRoute({ page: "archived" })} data-testid="show-archived">
      <Icon name="archive" />
      {t.list.showArchived}
      <Icon name="chevron" />
    </a>
  );
}
