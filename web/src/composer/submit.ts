import { sentFiles, takeFiles } from "../files/pending";
import { client } from "../state/client";
import { type ComposeMode, setComposeMode } from "../state/compose";
import { attempt } from "../state/errors";

/** Sends or edits. False when nothing was taken, so that the text stays in the field. */
export async function submit(conversationId: string, mode: ComposeMode, content: string): Promise<boolean> {
  if (mode.kind === "edit") {
    const { id, content: before } = mode.item.message;
    return content === before || attempt(() => client.messages.edit(id, content));
  }
  const replyToId = mode.kind === "reply" ? mode.item.message.id : undefined;
  return attempt(() => {
    const attachments = sentFiles(conversationId);
    client.messages.send(conversationId, content, { ...(replyToId ? { replyToId } : {}), attachments });
    takeFiles(conversationId);
  });
}

/** Up arrow in an empty field: the last own message that can be edited. */
export function editLastOwn(conversationId: string): boolean {
  const item = client.timelines
    .view(conversationId)
    .items.findLast(
      ({ mine, message }) => mine && message.seq > 0 && !message.deleted_at && message.type === "text",
    );
  if (item) setComposeMode(conversationId, { kind: "edit", item });
  return item !== undefined;
}
