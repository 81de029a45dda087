import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface BlockProps {
  title?: string;
  text?: string;
  testId?: string;
  children: ComponentChildren;
}

/** One subject of a section, with its heading and a word about it. */
export function Block({ title, text, testId, children }: BlockProps) {
  const id = useId();
  return (
    <section class="section-block" aria-labelledby={title ? id : undefined} data-testid={testId}>
      {title && <h3 id={id}>{title}</h3>}
      {text && <p class="section-text">{text}</p>}
      {children}
    </section>
  );
}
