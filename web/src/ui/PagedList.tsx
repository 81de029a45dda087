import type { ComponentChildren } from "preact";
import type { Pages } from "../state/pages";
import { t } from "../strings";

import { FormError } from "./FormError";
import { useKeptFocus } from "./useKeptFocus";

interface PagedListProps<T> {
  pages: Pages<T>;
  none: string;
  testId: string;
  row: (item: T) => ComponentChildren;
}

/** Rows, and instead of them what is in the way: loading, an error, nothing. `row` returns `<li key>`. */
export function PagedList<T>({ pages, none, testId, row }: PagedListProps<T>) {
  const { items, problem, more, reload } = pages;
  const box = useKeptFocus(items);
  return (
    <div ref={box} class="paged" tabIndex={-1}>
      {problem && (
        <>
          <FormError text={problem} />
          <button type="button" class="button button-small section-more" onClick={() => void reload()}>
            {t.chat.tryAgain}
          </button>
        </>
      )}
      {!items && !problem && (
        <div aria-busy="true">
          <div class="skeleton skeleton-row" />
          <div class="skeleton skeleton-row" />
        </div>
      )}
      {items?.length === 0 && <p class="section-none">{none}</p>}
      {items && items.length > 0 && (
        <ul class="section-list" data-testid={testId}>
          {items.map(row)}
        </ul>
      )}
      {more && !problem && (
        <button
          type="button"
          class="button button-small section-more"
          onClick={more}
          data-testid={`${testId}-more`}
        >
          {t.list.more}
        </button>
      )}
    </div>
  );
}
