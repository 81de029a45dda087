import { useState } from "preact/hooks";
import { useMe } from "../state/client";
import { hueFor } from "../ui/identity";
import { PictureForm } from "./PictureForm";
import { ProfileForm } from "./ProfileForm";

/** The colour is shown on the avatar before it is saved. */
export function Profile() {
  const me = useMe();
  const [hue, setHue] = useState(me ? hueFor(me.id, me.avatar_hue) : 0);
  if (!me) return null;
  return (
    <>
      <PictureForm me={me} hue={hue} />
      <ProfileForm me={me} hue={hue} onHue={setHue} />
    </>
  );
}
