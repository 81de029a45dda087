/** What one can do with messages. */

import type { MessagesApi, SendOptions } from "./api";
import { ChatError } from "./errors";
import type { Feed } from "./feed";
import { query } from "./http";
import type { Outbox } from "./outbox";
import type { Rest } from "./rest";
import type { Message, OutboxItem, Page, User } from "./types";
import type { Users } from "./users";

type Ask = (event: string, payload: object) => Promise<{ message: Message }>;

export class Messages implements MessagesApi {
  constructor(
    private readonly outbox: Outbox,
    private readonly feed: Feed,
    private readonly rest: Rest,
    private readonly users: Users,
    private readonly ask: Ask,
    private readonly stopTyping: (conversationId: string) => void,
  ) {}

  send(conversationId: string, content: string, options: SendOptions = {}): string {
    if (content.trim() === "" && !options.attachments?.length) {
      throw new ChatError("validation_failed", "The message is empty.");
    }
    const clientMsgId = this.outbox.add({ conversationId, content, ...options });
    this.stopTyping(conversationId);
    return clientMsgId;
  }

  retry(clientMsgId: string): void {
    this.outbox.retry(clientMsgId);
  }

  discard(clientMsgId: string): void {
    this.outbox.discard(clientMsgId);
  }

  pending(conversationId?: string): readonly OutboxItem[] {
    return this.outbox.list(conversationId);
  }

  edit(messageId: string, content: string): Promise<Message> {
    return this.#change("edit_message", { message_id: messageId, content });
  }

  delete(messageId: string): Promise<Message> {
    return this.#change("delete_message", { message_id: messageId });
  }

  react(messageId: string, emoji: string, on: boolean): Promise<Message> {
    return this.#change("react", { message_id: messageId, emoji, on });
  }

  get(messageId: string): Promise<Message> {
    return this.rest.get(`/messages/${messageId}`);
  }

  async readers(messageId: string): Promise<Page<User>> {
    const { items } = await this.rest.get<Page<{ user_id: string }>>(
      `/messages/${messageId}/readers?limit=100`,
    );
    const ids = items.map((item) => item.user_id);
    await this.users.load(ids);
    const known = ids.flatMap((id) => this.users.get(id) ?? []);
    return { items: known, next_cursor: null, prev_cursor: null };
  }

  search(parameters: Parameters<MessagesApi["search"]>[0]): Promise<Page<Message>> {
    return this.rest.get(`/messages/search${query(parameters)}`);
  }

  async #change(event: string, payload: object): Promise<Message> {
    const { message } = await this.ask(event, payload);
    this.feed.message(message);
    return message;
  }
}
