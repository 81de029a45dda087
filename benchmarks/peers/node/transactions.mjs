// The idiomatic store: a transaction for each message, a statement for each mark. Round trips are few (numbering, permission and
// the conversation's lock are one UPDATE) and all statements are prepared.
import { v7 as uuidv7 } from "uuid";
import { Refused } from "./events.mjs";
import { conversationsOf, view } from "./messages.mjs";

const NUMBER = `
  UPDATE conversations c SET last_seq = last_seq + 1, last_change = last_change + 1, updated_at = $3
  FROM conversation_members m
  WHERE c.id = $1 AND m.conversation_id = c.id AND m.user_id = $2 AND m.left_at IS NULL AND m.role <> 'read_only'
  RETURNING c.last_seq AS seq, c.last_change AS change`;
const INSERT = `
  INSERT INTO messages (id, conversation_id, seq, change, sender_id, client_msg_id, type, content, reply_to_id, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, 'text', $7, $8, $9)
  ON CONFLICT (conversation_id, sender_id, client_msg_id) DO NOTHING`;
const KNOWN = "SELECT * FROM messages WHERE conversation_id = $1 AND sender_id = $2 AND client_msg_id = $3";
const REPLY = "SELECT 1 FROM messages WHERE id = $1 AND conversation_id = $2";
const SENDER_HAS_READ = `
  UPDATE conversation_members SET delivered_seq = GREATEST(delivered_seq, $3), read_seq = GREATEST(read_seq, $3)
  WHERE conversation_id = $1 AND user_id = $2`;
const MARK = `
  UPDATE conversation_members m SET delivered_seq = GREATEST(m.delivered_seq, LEAST($3::bigint, c.last_seq)),
    read_seq = GREATEST(m.read_seq, LEAST($4::bigint, c.last_seq))
  FROM conversations c
  WHERE c.id = $1 AND m.conversation_id = c.id AND m.user_id = $2 AND m.left_at IS NULL
    AND (m.delivered_seq < LEAST($3::bigint, c.last_seq) OR m.read_seq < LEAST($4::bigint, c.last_seq))
  RETURNING m.conversation_id, m.user_id, m.delivered_seq, m.read_seq, c.member_count`;
const MEMBER = "SELECT 1 FROM conversation_members WHERE conversation_id = $1 AND user_id = $2 AND left_at IS NULL";

const notFound = () => new Refused("not_found", "There is no such conversation, or you are not one of its members.");

export const open = (pool) => {
  const query = (client, name, text, values) => client.query({ name, text, values });

  const store = async (client, user, data) => {
    const now = new Date();
    const { rows } = await query(client, "number", NUMBER, [data.conversation_id, user, now]);
    if (!rows.length) throw notFound();
    const [{ seq, change }] = rows;
    if (data.reply_to_id) {
      const reply = await query(client, "reply", REPLY, [data.reply_to_id, data.conversation_id]);
      if (!reply.rowCount) throw new Refused("not_found", "The message that you answer is not in this conversation.");
    }
    const row = {
      id: uuidv7(),
      conversation_id: data.conversation_id,
      seq,
      change,
      sender_id: user,
      client_msg_id: data.client_msg_id,
      type: "text",
      content: data.content,
      reply_to_id: data.reply_to_id ?? null,
      created_at: now,
    };
    const inserted = await query(client, "insert", INSERT, [
      row.id, row.conversation_id, seq, change, user, row.client_msg_id, row.content, row.reply_to_id, now,
    ]);
    if (!inserted.rowCount) return null;
    await query(client, "sender", SENDER_HAS_READ, [data.conversation_id, user, seq]);
    return view(row);
  };

  return {
    conversations: (user) => conversationsOf(pool, user),

    async send(user, data) {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        const message = await store(client, user, data);
        await client.query(message ? "COMMIT" : "ROLLBACK"); // a known key gives its number back
        if (message) return { message, isNew: true };
        const known = await query(client, "known", KNOWN, [data.conversation_id, user, data.client_msg_id]);
        return { message: view(known.rows[0]), isNew: false };
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      } finally {
        client.release();
      }
    },

    async mark(user, conversation, seq, read) {
      const { rows } = await query(pool, "mark", MARK, [conversation, user, seq, read ? seq : 0]);
      if (rows.length) return rows[0];
      const member = await query(pool, "member", MEMBER, [conversation, user]);
      if (!member.rowCount) throw notFound();
      return null;
    },
  };
};
