import { Logo } from "../ui/Logo";

export function Splash() {
  return (
    <div class="splash" aria-busy="true">
      <Logo class="brand-mark" />
    </div>
  );
}
