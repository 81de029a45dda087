import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Pages } from "../state/pages";
import { t } from "../strings";

import { FormError } from "./FormError";

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

/** The focus was in a row that is gone now: it goes to the list, not back to the start of everything. */
function useKeptFocus(items: readonly unknown[] | null) {
  const box = useRef<HTMLDivElement>(null);
  const before = useRef(items);
  useLayoutEffect(() => {
    if (before.current && document.activeElement === document.body) box.current?.focus();
    before.current = items;
  }, [items]);
  return box;
}
