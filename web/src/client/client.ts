import type { ChatClient } from "./api";
import type { ClientOptions } from "./options";

/** Makes a client. Nothing happens until `start`, `login` or `register`. */
export function createChatClient(_options: ClientOptions = {}): ChatClient {
  throw new Error("not written yet");
}
