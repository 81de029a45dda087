/**
 * Keeps what the reader looks at where it is, whatever grows or shrinks around it.
 *
 * The scroller is `column-reverse` with one child, so its origin is the lower end: at the end it stays at the end by
 * itself. Everywhere else one row in view is the anchor, and whatever moves it other than scrolling is undone. Browsers
 * offer this too (`overflow-anchor`), but not all of them, and Chromium's goes astray in reversed scrollers.
 */
const AT_END = 24;

export const fromBottom = (box: HTMLElement) => -box.scrollTop;
export const fromTop = (box: HTMLElement) => box.scrollHeight - box.clientHeight + box.scrollTop;
export const isAtBottom = (box: HTMLElement) => fromBottom(box) <= AT_END;

interface Anchor {
  row: HTMLElement;
  /** Its lower edge: a row loses its heading when an earlier message of the same sender comes before it. */
  edge: number;
  scrollTop: number;
}

export class ScrollKeeper {
  #anchor: Anchor | null = null;

  constructor(readonly box: HTMLElement) {}

  /** Call after anything that may have moved rows, and on every scroll. `stick`: the end of the rows is the newest. */
  keep(stick: boolean): void {
    const { box } = this;
    const anchor = this.#anchor;
    if (anchor?.row.isConnected && !(stick && isAtBottom(box))) {
      const expected = anchor.edge - (box.scrollTop - anchor.scrollTop);
      const drift = anchor.row.getBoundingClientRect().bottom - expected;
      if (Math.abs(drift) >= 0.5) box.scrollTop += drift;
    }
    this.hold(this.#choose());
  }

  /** Makes this row the one that must not move. */
  hold(row: HTMLElement | undefined): void {
    this.#anchor = row
      ? { row, edge: row.getBoundingClientRect().bottom, scrollTop: this.box.scrollTop }
      : null;
  }

  /**
   * The present anchor as long as it is well inside the view, else the row in the middle. Rows at the edges may have
   * just come into view, and change their estimated height once they are laid out (`content-visibility`).
   */
  #choose(): HTMLElement | undefined {
    const { top, bottom, height } = this.box.getBoundingClientRect();
    const present = this.#anchor?.row;
    if (present?.isConnected) {
      const rect = present.getBoundingClientRect();
      if (rect.bottom > top + height / 5 && rect.top < bottom - height / 5) return present;
    }
    return firstBelow(this.box.querySelectorAll<HTMLElement>("[data-key]"), (top + bottom) / 2);
  }
}

/** The first row that ends below this edge, by bisection: rows are in order. */
function firstBelow(rows: NodeListOf<HTMLElement>, edge: number): HTMLElement | undefined {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > edge) high = middle;
    else low = middle + 1;
  }
  return rows[low];
}
