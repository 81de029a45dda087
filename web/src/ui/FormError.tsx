import { Icon } from "./Icon";

/** What went wrong with a form as a whole; read out when it appears. */
export function FormError({ text, testId = "form-error" }: { text: string | null; testId?: string }) {
  return (
    <div role="alert" data-testid={testId} hidden={!text}>
      {text && (
        <p class="form-error">
          <Icon name="alert" />
          <span>{text}</span>
        </p>
      )}
    </div>
  );
}
