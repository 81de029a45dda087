/** What the server says of itself: whether it takes new people, and who may vouch for them. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ServerInfo } from "../client";
import { client } from "./client";

const info = signal<ServerInfo | null>(null);
let asking = false;

async function ask(): Promise<void> {
  if (asking || info.peek()) return;
  asking = true;
  // Without an answer one can still sign in and up by form; whoever needs it next asks again.
  info.value = await client.serverInfo().catch(() => null);
  asking = false;
}

/** null until it is known. */
export function useServerInfo(): ServerInfo | null {
  useEffect(() => void ask(), []);
  return info.value;
}
