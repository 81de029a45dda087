// The best store that we know of: what arrives while a commit runs forms the next batch, and a batch is one statement. Marks are
// looked up in batches, told at once, and stored together with what senders have read, a second later. It is our own design,
// written for Node.js: what we win against `transactions` is the design, and what against this one is not.
import { v7 as uuidv7 } from "uuid";
import { Refused } from "./events.mjs";
import { conversationsOf, view } from "./messages.mjs";

const WRITERS = 2;
const BATCH = 64;
const STORE_MARKS_EVERY = 1000;

const SEND = `
WITH b AS MATERIALIZED (
  SELECT r.*, m.role, d.id did,
    (r.reply_to IS NULL OR EXISTS (SELECT FROM messages p WHERE p.id = r.reply_to AND p.conversation_id = r.cid)) reply_ok
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::timestamptz[])
    WITH ORDINALITY r(cid, sid, k, mid, c, reply_to, created, ord)
  LEFT JOIN LATERAL (SELECT role FROM conversation_members m
    WHERE m.conversation_id = r.cid AND m.user_id = r.sid AND m.left_at IS NULL LIMIT 1) m ON true
  LEFT JOIN LATERAL (SELECT x.id FROM messages x
    WHERE x.conversation_id = r.cid AND x.sender_id = r.sid AND x.client_msg_id = r.k LIMIT 1) d ON true),
k AS MATERIALIZED (SELECT *, row_number() OVER (PARTITION BY cid ORDER BY ord) rn FROM b
  WHERE role <> 'read_only' AND did IS NULL AND reply_ok),
n AS MATERIALIZED (SELECT cid, max(rn) n, max(created) created FROM k GROUP BY cid),
l AS MATERIALIZED (SELECT c.id FROM n JOIN conversations c ON c.id = n.cid ORDER BY c.id FOR NO KEY UPDATE OF c),
u AS (UPDATE conversations c SET last_seq = c.last_seq + n.n, last_change = c.last_change + n.n,
    updated_at = GREATEST(c.updated_at, n.created)
  FROM l JOIN n ON n.cid = l.id WHERE c.id = l.id RETURNING c.id, c.last_seq - n.n base_seq, c.last_change - n.n base_change),
a AS MATERIALIZED (SELECT k.*, u.base_seq + k.rn seq, u.base_change + k.rn change FROM k JOIN u ON u.id = k.cid),
i AS (INSERT INTO messages (id, conversation_id, seq, change, sender_id, client_msg_id, type, content, reply_to_id, created_at)
  SELECT mid, cid, seq, change, sid, k, 'text', c, reply_to, created FROM a)
SELECT ord::int4 - 1 AS at, 'stored' AS status, seq, change, NULL::uuid AS id FROM a
UNION ALL
SELECT ord::int4 - 1, CASE WHEN role IS NULL OR role = 'read_only' THEN 'refused' WHEN did IS NOT NULL THEN 'known'
  ELSE 'bad reply' END, 0, 0, did FROM b WHERE role IS NULL OR role = 'read_only' OR did IS NOT NULL OR NOT reply_ok`;
const LOOK = `
SELECT r.ord::int4 - 1 AS at, c.last_seq, c.member_count, m.delivered_seq, m.read_seq
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY r(cid, uid, ord)
JOIN conversation_members m ON m.conversation_id = r.cid AND m.user_id = r.uid AND m.left_at IS NULL
JOIN conversations c ON c.id = r.cid`;
const STORE = `
UPDATE conversation_members m SET delivered_seq = GREATEST(m.delivered_seq, r.delivered), read_seq = GREATEST(m.read_seq, r.read)
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) r(cid, uid, delivered, read)
WHERE m.conversation_id = r.cid AND m.user_id = r.uid AND m.left_at IS NULL`;

const keyOfMessage = ({ user, data }) => `${data.conversation_id}/${user}/${data.client_msg_id}`;
const notFound = () => new Refused("not_found", "There is no such conversation, or you are not one of its members.");

// A queue whose items are taken in batches, each while the one before it is worked on. No two of a batch have the same key.
class Batches {
  #waiting = [];
  #running = false;

  constructor(work, keyOf) {
    this.work = work;
    this.keyOf = keyOf;
  }

  add(item) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) this.#run();
    });
  }

  async #run() {
    this.#running = true;
    while (this.#waiting.length) {
      const batch = this.#take();
      try {
        const answers = await this.work(batch.map(({ item }) => item));
        batch.forEach(({ resolve, reject }, at) =>
          answers[at] instanceof Error ? reject(answers[at]) : resolve(answers[at]),
        );
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }

  #take() {
    const keys = new Set();
    for (const { item } of this.#waiting) {
      const key = this.keyOf(item);
      if (keys.size === BATCH || keys.has(key)) break;
      keys.add(key);
    }
    return this.#waiting.splice(0, keys.size);
  }
}

export const open = (pool) => {
  const marks = new Map(); // what is not stored yet, by conversation and person

  const hold = (conversation, user, delivered, read) => {
    const key = `${conversation}/${user}`;
    const held = marks.get(key);
    if (held) {
      held.delivered = Math.max(held.delivered, delivered);
      held.read = Math.max(held.read, read);
    } else {
      marks.set(key, { conversation, user, delivered, read });
    }
  };

  const query = (name, text, items, ...columns) =>
    pool.query({ name, text, values: columns.map((column) => items.map(column)) });

  const storeMarks = async () => {
    if (!marks.size) return;
    const rows = [...marks.values()];
    marks.clear();
    await query("store", STORE, rows, (r) => r.conversation, (r) => r.user, (r) => r.delivered, (r) => r.read);
  };
  setInterval(() => storeMarks().catch(console.error), STORE_MARKS_EVERY);

  const sendAll = async (items) => {
    const rows = items.map(({ user, data }) => ({
      id: uuidv7(),
      conversation_id: data.conversation_id,
      sender_id: user,
      client_msg_id: data.client_msg_id,
      type: "text",
      content: data.content,
      reply_to_id: data.reply_to_id ?? null,
      created_at: new Date(),
    }));
    const found = await query(
      "send", SEND, rows, (r) => r.conversation_id, (r) => r.sender_id, (r) => r.client_msg_id, (r) => r.id,
      (r) => r.content, (r) => r.reply_to_id, (r) => r.created_at,
    );
    const answers = new Array(items.length);
    for (const { at, status, seq, change, id } of found.rows) {
      if (status === "stored") answers[at] = { message: view({ ...rows[at], seq, change }), isNew: true };
      else if (status === "known") answers[at] = { known: id };
      else answers[at] = status === "refused" ? notFound() : new Refused("not_found", "There is no such message.");
    }
    return answers;
  };

  const look = async (items) => {
    const found = await query("look", LOOK, items, (r) => r.conversation, (r) => r.user);
    const answers = items.map(notFound);
    for (const row of found.rows) answers[row.at] = row;
    return answers;
  };

  const writers = Array.from({ length: WRITERS }, () => new Batches(sendAll, keyOfMessage));
  const looks = new Batches(look, ({ conversation, user }) => `${conversation}/${user}`);

  return {
    conversations: (user) => conversationsOf(pool, user),

    async send(user, data) {
      // The last digits of a UUIDv7 are random.
      const writer = writers[parseInt(data.conversation_id.slice(-2), 16) % WRITERS];
      const answer = await writer.add({ user, data });
      if (answer.known) {
        const { rows } = await pool.query("SELECT * FROM messages WHERE id = $1", [answer.known]);
        return { message: view(rows[0]), isNew: false };
      }
      hold(data.conversation_id, user, answer.message.seq, answer.message.seq);
      return answer;
    },

    async mark(user, conversation, seq, read) {
      const row = await looks.add({ conversation, user });
      const held = marks.get(`${conversation}/${user}`) ?? { delivered: 0, read: 0 };
      const before = { delivered: Math.max(row.delivered_seq, held.delivered), read: Math.max(row.read_seq, held.read) };
      const reached = Math.min(seq, row.last_seq);
      const delivered = Math.max(before.delivered, reached);
      const readTo = read ? Math.max(before.read, reached) : before.read;
      if (delivered === before.delivered && readTo === before.read) return null;
      hold(conversation, user, delivered, readTo);
      return {
        conversation_id: conversation,
        user_id: user,
        delivered_seq: delivered,
        read_seq: readTo,
        member_count: row.member_count,
      };
    },
  };
};
