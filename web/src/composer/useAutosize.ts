import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** Grows the field with its text; the style sheet sets the bounds. */
export function useAutosize(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
}
