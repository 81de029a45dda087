// What somebody missed: the same queries as ours. Their memberships with the counters, then the changed messages and the
// conversations that they are in, each in one statement.
import { reactionsOf, view } from "./messages.mjs";

const RESET_AFTER = 10_000;
const PLACES = `
  SELECT c.id, c.last_change, c.title, c.member_count, m.role, m.archived_at, m.delivered_seq, m.read_seq
  FROM conversations c JOIN conversation_members m ON m.conversation_id = c.id
  WHERE m.user_id = $1 AND m.left_at IS NULL ORDER BY c.id`;
const MISSED = `
  SELECT newer.* FROM unnest($1::uuid[], $2::bigint[]) wanted (conversation_id, change)
  JOIN LATERAL (SELECT * FROM messages x WHERE x.conversation_id = wanted.conversation_id AND x.change > wanted.change
    ORDER BY x.change LIMIT $3) newer ON true
  ORDER BY newer.conversation_id, newer.change LIMIT $3`;
const VIEWS = `
  SELECT c.id, c.kind, c.title, c.last_seq, c.last_change, c.member_count, c.created_at, c.updated_at, m.role, m.delivered_seq,
    m.read_seq, m.archived_at, p.id AS peer_id, p.username AS peer_username, p.display_name AS peer_display_name,
    l.id AS last_id, l.seq AS l_seq, l.change AS l_change, l.sender_id, l.client_msg_id, l.type, l.content, l.reply_to_id,
    l.meta, l.created_at AS l_created_at, l.edited_at, l.deleted_at
  FROM conversations c JOIN conversation_members m ON m.conversation_id = c.id AND m.user_id = $1 AND m.left_at IS NULL
  LEFT JOIN conversation_members o ON c.kind = 'private' AND o.conversation_id = c.id AND o.user_id <> m.user_id
  LEFT JOIN users p ON p.id = o.user_id
  LEFT JOIN messages l ON l.conversation_id = c.id AND l.seq = c.last_seq
  WHERE c.id = ANY($2::uuid[]) ORDER BY c.id`;

const query = async (pool, name, text, values) => (await pool.query({ name, text, values })).rows;

export const currentEpoch = async (pool) => {
  const rows = await query(pool, "epoch", "SELECT value FROM server_state WHERE key = 'epoch'", []);
  return rows[0]?.value ?? "";
};

const own = (place) => ({
  title: place.title,
  my_role: place.role,
  member_count: place.member_count,
  archived_at: place.archived_at?.toISOString() ?? null,
  delivered_seq: place.delivered_seq,
  read_seq: place.read_seq,
});

const lastMessage = (row, reactions) => ({
  ...view({ ...row, id: row.last_id, conversation_id: row.id, seq: row.l_seq, change: row.l_change, created_at: row.l_created_at }),
  reactions: reactions.get(row.last_id) ?? [],
});

const conversationView = (row, reactions) => ({
  id: row.id,
  kind: row.kind,
  last_seq: row.last_seq,
  last_change: row.last_change,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
  ...own(row),
  unread: Math.max(0, row.last_seq - row.read_seq),
  peer: row.peer_id ? { id: row.peer_id, username: row.peer_username, display_name: row.peer_display_name } : null,
  last_message: row.last_id ? lastMessage(row, reactions) : null,
});

const compare = (places, held, sameEpoch) => {
  const answer = { changed: [], reset: [], behind: [], changes: {}, unchanged: {} };
  for (const place of places) {
    const known = held[place.id];
    if (known === place.last_change && sameEpoch) {
      answer.unchanged[place.id] = own(place);
      continue;
    }
    answer.changed.push(place.id);
    answer.changes[place.id] = place.last_change;
    if (known === undefined) continue;
    const isBehind = sameEpoch && known < place.last_change && place.last_change - known <= RESET_AFTER;
    (isBehind ? answer.behind : answer.reset).push(place.id);
  }
  return answer;
};

export const catchUp = async (pool, user, { epoch = null, conversations: held = {}, limit = 1000 }) => {
  const current = await currentEpoch(pool);
  const places = await query(pool, "places", PLACES, [user]);
  const answer = compare(places, held, epoch === null || epoch === current);
  const missed = answer.behind.length
    ? await query(pool, "missed", MISSED, [answer.behind, answer.behind.map((id) => held[id]), limit + 1])
    : [];
  const reactions = missed.length ? await reactionsOf(pool, missed.map((row) => row.id)) : new Map();
  const views = answer.changed.length ? await query(pool, "views", VIEWS, [user, answer.changed]) : [];
  const last = views.map((row) => row.last_id).filter((id) => id !== null);
  const lastReactions = last.length ? await reactionsOf(pool, last) : new Map();
  const mine = new Set(places.map((place) => place.id));
  return {
    epoch: current,
    conversations: views.map((row) => conversationView(row, lastReactions)),
    messages: missed.slice(0, limit).map((row) => ({ ...view(row), reactions: reactions.get(row.id) ?? [] })),
    removed: Object.keys(held).filter((id) => !mine.has(id)),
    reset: answer.reset,
    more: missed.length > limit,
    changes: answer.changes,
    unchanged: answer.unchanged,
  };
};
