import type { ConversationKind, TimelineItem } from "../client";

/** What a row of the timeline knows, and hands to its parts. */
export interface MessageRowProps {
  item: TimelineItem;
  first: boolean;
  last: boolean;
  kind: ConversationKind;
  conversationId: string;
  writable: boolean;
  moderator: boolean;
  marked: boolean;
  /** The row that Tab enters. */
  entry: boolean;
  jumpTo: (seq: number) => void;
}
