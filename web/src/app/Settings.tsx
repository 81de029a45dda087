import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { goBack, place } from "../state/route";
import { t } from "../strings";
import { showToast } from "../ui/toasts";

type View = ComponentType<import("../settings/SettingsView").SettingsProps>;
const view = signal<View | null>(null);

/** The settings are a file of their own, fetched when they are first opened. */
export function Settings(props: import("../settings/SettingsView").SettingsProps) {
  useEffect(() => {
    if (!view.peek()) void fetchView();
  }, []);
  const Loaded = view.value;
  return Loaded && <Loaded {...props} />;
}

async function fetchView(): Promise<void> {
  try {
    view.value = (await import("../settings/SettingsView")).SettingsView;
  } catch {
    // No network, or the server has a newer page by now.
    showToast(t.errors.network, true);
    goBack(place.peek());
  }
}
