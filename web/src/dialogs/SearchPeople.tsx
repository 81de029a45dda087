import { t } from "../strings";
import { Icon } from "../ui/Icon";

export function SearchPeople({
  q,
  onInput,
  focus = false,
}: {
  q: string;
  onInput: (q: string) => void;
  focus?: boolean;
}) {
  return (
    <div class="search-box">
      <Icon name="search" />
      <input
        type="search"
        value={q}
        placeholder={t.create.search}
        aria-label={t.create.search}
        autofocus={focus}
        onInput={(event) => onInput(event.currentTarget.value)}
        data-testid="people-search"
      />
    </div>
  );
}
