/** Messages that replies point to: from the loaded timeline, else fetched once and kept (the newest 300). */
import { useEffect, useState } from "preact/hooks";
import type { Message, TimelineItem } from "../client";
import { client, useLive } from "../state/client";

const LIMIT = 300;
const fetched = new Map<string, Message | null>();
const indexes = new WeakMap<readonly TimelineItem[], Map<string, Message>>();

function indexOf(items: readonly TimelineItem[]): Map<string, Message> {
  const known = indexes.get(items);
  if (known) return known;
  const index = new Map(items.map((item) => [item.message.id, item.message]));
  indexes.set(items, index);
  return index;
}

/** undefined while it is being fetched, null when it cannot be had. */
export function useQuoted(conversationId: string, messageId: string): Message | null | undefined {
  const held = useLive([`timeline:${conversationId}`], () =>
    indexOf(client.timelines.view(conversationId).items).get(messageId),
  );
  const [, redraw] = useState(0);
  useEffect(() => {
    if (held || fetched.has(messageId)) return;
    client.messages
      .get(messageId)
      .then(
        (message) => keep(messageId, message),
        () => keep(messageId, null),
      )
      .then(() => redraw((n) => n + 1));
  }, [held === undefined, messageId]);
  return held ?? fetched.get(messageId);
}

function keep(id: string, message: Message | null): void {
  fetched.set(id, message);
  const oldest = fetched.keys().next().value;
  if (fetched.size > LIMIT && oldest !== undefined) fetched.delete(oldest);
}
