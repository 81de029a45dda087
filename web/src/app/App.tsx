import { AuthPage } from "../auth/AuthPage";
import { Dialogs } from "../dialogs/Dialogs";
import { session } from "../state/client";
import { route } from "../state/route";
import { Logo } from "../ui/Logo";
import { Toasts } from "../ui/toasts";
import { Shell } from "./Shell";

export function App() {
  return (
    <>
      <Page />
      <Dialogs />
      <Toasts />
    </>
  );
}

function Page() {
  if (session.value === "signed-in") return <Shell route={route.value} />;
  if (session.value === "signed-out") return <AuthPage route={route.value} />;
  return (
    <div class="splash" aria-busy="true">
      <Logo class="brand-mark" />
    </div>
  );
}
