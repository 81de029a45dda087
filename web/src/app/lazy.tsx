import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { goBack, place } from "../state/route";
import { t } from "../strings";
import { showToast } from "../ui/toasts";

/** A view that is a file of its own, fetched when it is first opened. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const view = signal<ComponentType<Props> | null>(null);
  const fetchView = async () => {
    try {
      view.value = await load();
    } catch {
      // No network, or the server has a newer page by now.
      showToast(t.errors.network, true);
      goBack(place.peek());
    }
  };
  return function LazyView(props: Props) {
    useEffect(() => {
      if (!view.peek()) void fetchView();
    }, []);
    const Loaded = view.value;
    return Loaded && <Loaded {...props} />;
  };
}
