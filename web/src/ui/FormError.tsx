import { Icon } from "./Icon";

/** What went wrong with a form as a whole; read out when it appears. */
export function FormError({ text }: { text: string | null }) {
  return (
    <div role="alert" data-testid="form-error" hidden={!text}>
      {text && (
        <p class="form-error">
          <Icon name="alert" />
          <span>{text}</span>
        </p>
      )}
    </div>
  );
}
