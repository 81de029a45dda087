// What both stores share.

export const conversationsOf = async (pool, user) => {
  const { rows } = await pool.query({
    name: "conversations",
    text: "SELECT conversation_id FROM conversation_members WHERE user_id = $1 AND left_at IS NULL",
    values: [user],
  });
  return rows.map((row) => row.conversation_id);
};

// A message as clients see it.
export const view = (row) => ({
  id: row.id,
  conversation_id: row.conversation_id,
  seq: row.seq,
  change: row.change,
  sender_id: row.sender_id,
  client_msg_id: row.client_msg_id,
  type: row.type,
  content: row.content,
  reply_to_id: row.reply_to_id,
  attachments: [],
  reactions: [],
  meta: {},
  created_at: row.created_at.toISOString(),
  edited_at: row.edited_at?.toISOString() ?? null,
  deleted_at: row.deleted_at?.toISOString() ?? null,
});
