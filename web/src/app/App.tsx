import { AuthPage } from "../auth/AuthPage";
import { Returning } from "../auth/Returning";
import { Dialogs } from "../dialogs/Dialogs";
import { session } from "../state/client";
import { place, route } from "../state/route";
import { Toasts } from "../ui/toasts";
import { Settings } from "./Settings";
import { Shell } from "./Shell";
import { Splash } from "./Splash";

export function App() {
  return (
    <>
      <Page />
      <Dialogs />
      {!settingsOpen() && <Toasts />}
    </>
  );
}

/** They have the toasts in them: nothing outside a modal dialog is read out. */
const settingsOpen = () => route.value.page === "settings" && session.value === "signed-in";

function Page() {
  const here = route.value;
  if (here.page === "signed-in") return <Returning />;
  if (session.value === "starting") return <Splash />;
  if ("token" in here || session.value === "signed-out") return <AuthPage route={here} />;
  return (
    <>
      <Shell route={place.value} />
      {here.page === "settings" && <Settings section={here.section} outcome={here.outcome} />}
    </>
  );
}
