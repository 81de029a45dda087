/** Marks messages read: only what has been in view, and only while the page is visible. */
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { client } from "../state/client";

export function useReadMarks(
  conversationId: string,
  scroller: RefObject<HTMLElement | null>,
  rows: unknown,
  settled: boolean,
): () => void {
  const mark = () => {
    const box = scroller.current;
    const conversation = client.conversations.get(conversationId);
    if (!settled || !box || !conversation || document.visibilityState !== "visible" || !document.hasFocus())
      return;
    if (conversation.read_seq >= conversation.last_seq) return;
    const seq = lastSeqInView(box, conversation.read_seq);
    if (seq > conversation.read_seq) client.receipts.markRead(conversationId, seq);
  };
  useEffect(mark, [rows, settled]);
  useEffect(() => {
    addEventListener("focus", mark);
    addEventListener("resize", mark);
    document.addEventListener("visibilitychange", mark);
    return () => {
      removeEventListener("focus", mark);
      removeEventListener("resize", mark);
      document.removeEventListener("visibilitychange", mark);
    };
  }, [conversationId, settled]);
  return mark;
}

/** The highest seq whose row has its end above the lower edge; looks no further down than `known`. */
function lastSeqInView(box: HTMLElement, known: number): number {
  const rows = box.querySelectorAll<HTMLElement>("[data-seq]");
  const { top, bottom } = box.getBoundingClientRect();
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i];
    const seq = Number(row?.dataset.seq);
    if (!row || !seq) continue;
    if (seq <= known) return known;
    const rect = row.getBoundingClientRect();
    // A message taller than the view counts once its beginning has been passed.
    if (rect.bottom <= bottom + 2 || rect.top < (top + bottom) / 2) return seq;
  }
  return known;
}
