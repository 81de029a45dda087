/** The page's one client, and how components follow it. */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  type Conversation,
  createChatClient,
  type Permission,
  type Presence,
  type PresenceStatus,
  type Self,
  type TimelineView,
  type Topics,
  type User,
} from "../client";

export const client = createChatClient();

/** `starting` until the stored session has been looked at. */
export const session = signal<"starting" | "signed-in" | "signed-out">("starting");
/** Why the last session ended, when it was not by the person's own wish. */
export const endedBy = signal<string | null>(null);

/** Reads from the client and draws again when one of the topics tells of another value. */
export function useLive<T>(topics: readonly (keyof Topics)[], read: () => T): T {
  const [, redraw] = useState(0);
  const value = read();
  const last = useRef({ read, value });
  last.current = { read, value };
  useLayoutEffect(() => {
    const check = () => {
      if (last.current.read() !== last.current.value) redraw((n) => n + 1);
    };
    check();
    const stops = topics.map((topic) => client.on(topic, check));
    return () => {
      for (const stop of stops) stop();
    };
  }, [topics.join(" ")]);
  return value;
}

export function useConversation(id: string): Conversation | undefined {
  return useLive([`conversation:${id}`, "conversations"], () => client.conversations.get(id));
}

export function useTimeline(id: string): TimelineView {
  return useLive([`timeline:${id}`], () => client.timelines.view(id));
}

export function useUser(id: string | null): User | undefined {
  return useLive(["users"], () => (id ? client.users.get(id) : undefined));
}

export function usePresence(userId: string | undefined): Presence | undefined {
  return useLive(userId ? [`presence:${userId}`, "presence"] : [], () =>
    userId ? client.presence.get(userId) : undefined,
  );
}

/** What may be said about somebody's presence: nothing while we are cut off ourselves. */
export function useStatusOf(user: User | null | undefined): PresenceStatus | undefined {
  const presence = usePresence(user?.id);
  const cutOff = useLive(["status"], () => client.status === "offline" || client.status === "connecting");
  return user && !cutOff ? (presence?.status ?? "offline") : undefined;
}

export function useTyping(id: string): readonly string[] {
  return useLive([`typing:${id}`], () => client.typing.users(id));
}

export function useMe(): Self | null {
  return useLive(["session"], () => client.me);
}

/** Whether the person's role allows it, so that the page offers nothing that the server would refuse. */
export function useMay(permission: Permission): boolean {
  return useLive(["session"], () => client.me?.permissions.includes(permission) ?? false);
}
