import { useEffect, useState } from "preact/hooks";
import { addFiles } from "./pending";

/** Takes files that are dropped anywhere on the page. True while some hover over it. */
export function useFileDrop(conversationId: string, active: boolean): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!active) return;
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const onOver = (event: DragEvent) => {
      if (!holdsFiles(event) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      setOver(false);
      if (!holdsFiles(event) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      addFiles(conversationId, event.dataTransfer?.files ?? []);
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
      setOver(false);
    };
  }, [conversationId, active]);
  return over;
}
