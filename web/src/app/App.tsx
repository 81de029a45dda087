import { useEffect } from "preact/hooks";
import { AuthPage } from "../auth/AuthPage";
import { Returning } from "../auth/Returning";
import { Dialogs } from "../dialogs/Dialogs";
import { session, useMay } from "../state/client";
import { type AdminRoute, go, place, route } from "../state/route";
import { Toasts } from "../ui/toasts";
import { lazy } from "./lazy";
import { Shell } from "./Shell";
import { Splash } from "./Splash";

const Settings = lazy(async () => (await import("../settings/SettingsView")).SettingsView);
const AdminView = lazy(async () => (await import("../admin/AdminView")).AdminView);

export function App() {
  return (
    <>
      <Page />
      <Dialogs />
      {!covered() && <Toasts />}
    </>
  );
}

/** What lies over the page has the toasts in it: nothing outside a modal dialog is read out. */
const covered = () => ["settings", "admin"].includes(route.value.page) && session.value === "signed-in";

function Page() {
  const here = route.value;
  if (here.page === "signed-in") return <Returning />;
  if (session.value === "starting") return <Splash />;
  if ("token" in here || session.value === "signed-out") return <AuthPage route={here} />;
  return (
    <>
      <Shell route={place.value} />
      {here.page === "settings" && <Settings section={here.section} outcome={here.outcome} />}
      {here.page === "admin" && <Admin route={here} />}
    </>
  );
}

/** Closes when the role no longer allows it. */
function Admin({ route: { section, id } }: { route: AdminRoute }) {
  const may = useMay("people.manage");
  useEffect(() => {
    if (!may) go(place.peek(), true);
  }, [may]);
  return may ? <AdminView section={section} id={id} /> : null;
}
