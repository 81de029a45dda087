import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";

/** What went wrong with a form as a whole; read out when it appears, and brought into view. */
export function FormError({ text, testId = "form-error" }: { text: string | null; testId?: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (text) box.current?.scrollIntoView?.({ block: "nearest" });
  }, [text]);
  return (
    <div ref={box} role="alert" data-testid={testId} hidden={!text}>
      {text && (
        <p class="form-error">
          <Icon name="alert" />
          <span>{text}</span>
        </p>
      )}
    </div>
  );
}
