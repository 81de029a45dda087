// What both stores share.

export const conversationsOf = async (pool, user) => {
  const { rows } = await pool.query({
    name: "conversations",
    text: "SELECT conversation_id FROM conversation_members WHERE user_id = $1 AND left_at IS NULL",
    values: [user],
  });
  return rows.map((row) => row.conversation_id);
};

// Whether the session is there and its person is not banned.
export const isAlive = async (pool, user, session) => {
  const { rowCount } = await pool.query({
    name: "alive",
    text: `SELECT 1 FROM auth_sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND u.banned_at IS NULL`,
    values: [session, user],
  });
  return rowCount === 1;
};

// By message: [{emoji, count, user_ids}].
export const reactionsOf = async (pool, ids) => {
  const { rows } = await pool.query({
    name: "reactions",
    text: `SELECT message_id, emoji, user_id FROM message_reactions WHERE message_id = ANY($1::uuid[])
      ORDER BY created_at, user_id`,
    values: [ids],
  });
  const found = new Map();
  for (const { message_id, emoji, user_id } of rows) {
    const emojis = found.get(message_id) ?? found.set(message_id, new Map()).get(message_id);
    (emojis.get(emoji) ?? emojis.set(emoji, []).get(emoji)).push(user_id);
  }
  const told = ([emoji, people]) => ({ emoji, count: people.length, user_ids: people.slice(0, 100) });
  return new Map([...found].map(([id, emojis]) => [id, [...emojis].map(told)]));
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
