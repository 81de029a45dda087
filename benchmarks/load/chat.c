/* A load client of the chat protocol (/chat: docs/asyncapi): people who talk in conversations, every answer verified.

     chat PORTS PLAN

   PLAN is a file that benchmarks/seed.py and benchmarks/load/chat.py write; a line each:

     person ID TOKEN
     conversation ID LAST_SEQ COUNT PERSON…     people by their number, from 0; LAST_SEQ is LAST_CHANGE, too
     line PERSON REPLY_TO CONTENT               of a transcript: a number of a line or -1, and a string of JSON

   It obeys one command per line of its input, and prints one line of JSON for each:

     connect AT_ONCE               everybody connects, authenticates and awaits `ready`
     resume AT_ONCE BUSY MISSED    the same, then everybody sends `sync`, having missed the last MISSED messages of their
                                   first BUSY conversations and nothing of the others
     send SECONDS IN_FLIGHT        the members in turn, IN_FLIGHT messages at a time in each conversation
     offer SECONDS RATE            RATE messages a second in all, in the conversations in turn, whatever the server does
     replay IN_FLIGHT              the transcript in the first conversation, in its order, as fast as it goes:
                                   nobody sends before their last message is acknowledged, or answers what is not
     close                         close all, and wait until the server has closed too

   A message is done when it is acknowledged and every member has it. Each is compared: key, sender, text, what it answers,
   and `seq`: each member gets each number once and none is left out; the acknowledgement has to be about the same message.

   People tell what they have received as the page's client does (web/src/client/marks.ts): 300 ms after something came,
   what came up to then, unless they have written themselves since. The members with an even place in their conversation
   look at it (`mark_read`), the others have it in the background (`mark_delivered`). Work ends when every mark
   was acknowledged and was told to whoever has to hear of it: in conversations of up to 100 to all members. */

#include "client.h"

#include "../json.h"

enum { MAX_IN_FLIGHT = 128, AHEAD = 256, PENDING = 1 << 16, HEARD_BY_ALL = 100, MARK_AFTER = 300 * 1000 * 1000 };

#define CHAT "/chat,"
#define HISTORY "Message %lld: how about lunch at twelve? The usual place has soup again." /* of benchmarks/seed.py */
#define CONTENT "%s: how about lunch at twelve? The usual place has soup again, and the terrace is open."

struct flight {
  int busy, acknowledged, missing;
  uint32_t number; /* of the message in its conversation, or of the line */
  int sender;      /* its place */
  int64_t seq;
  char id[40], key[64], reply_to[40];
  char text[256];
  struct span content;
  uint64_t sent;
};

struct place { /* of a person in a conversation */
  int conversation, number, person;
  int64_t last;      /* everything up to this message was received */
  unsigned char ahead[AHEAD]; /* and which ones above it, by their number modulo AHEAD */
  int64_t incoming;  /* the last one from somebody else */
  int64_t own;       /* the last of one's own that is known to be stored */
  int64_t marked;    /* the highest mark that was sent */
  int64_t heard_own; /* in large conversations: what one's own device was told of this person's marks */
  int is_due;
  uint64_t due;
};

struct conversation {
  char id[40];
  int count, turn, in_flight, next_place;
  int64_t last_seq;
  uint32_t number;
  struct place *places;
  struct flight *flights;
  int64_t *heard; /* by [who was told][whose mark], in small ones */
  char *verified; /* the event that was compared last, which the other members get as well */
  int verified_size;
  struct flight *verified_flight;
};

struct person {
  struct connection connection; /* first: one is found by the other */
  char id[40];
  char *token;
  int place_count;
  struct place **places;
  int line_under_way;
};

struct line {
  int person, reply_to;
  char *content;
  char id[40]; /* of its message, once it is stored */
};

struct pending { /* what waits for an acknowledgement */
  enum { NOTHING, MESSAGE, MARK, SYNC } kind;
  int person;
  struct flight *flight;
  struct conversation *conversation;
};

static struct person *people;
static struct conversation *conversations;
static struct line *lines;
static int person_count, conversation_count, line_count;
static struct pending pending[PENDING];
static uint32_t next_pending, run;
static int busy, missed; /* of `resume` */
static int ready, next_to_connect, under_way, marks_under_way, sending, current_line;
static uint64_t deadline, deliveries, marks, receipts, early;
static struct place **due; /* places whose mark is due, in their order, as a ring */
static int due_size, due_first, due_count;

/* -- finding --------------------------------------------------------------------------------------------- */

static int *by_id; /* a hash table: 1 + number of the person, or -1 - number of the conversation */
static uint32_t by_id_size;

static uint32_t hash(const char *id) {
  uint32_t hashed = 2166136261u;
  for (int i = 0; i < 36; i++) hashed = (hashed ^ (unsigned char)id[i]) * 16777619u;
  return hashed;
}

static const char *id_of(int entry) { return entry > 0 ? people[entry - 1].id : conversations[-1 - entry].id; }

static int *slot_of(const char *id) {
  uint32_t at = hash(id) & (by_id_size - 1);
  while (by_id[at] && memcmp(id_of(by_id[at]), id, 36)) at = (at + 1) & (by_id_size - 1);
  return &by_id[at];
}

static void index_ids(void) {
  for (by_id_size = 64; by_id_size < 4u * (uint32_t)(person_count + conversation_count); by_id_size *= 2);
  by_id = calloc(by_id_size, sizeof *by_id);
  for (int i = 0; i < person_count; i++) *slot_of(people[i].id) = 1 + i;
  for (int i = 0; i < conversation_count; i++) *slot_of(conversations[i].id) = -1 - i;
}

static struct conversation *conversation_of(struct span id) {
  int entry = id.size == 36 ? *slot_of(id.at) : 0;
  if (entry >= 0) fail("there is no conversation %.*s", id.size, id.at);
  return &conversations[-1 - entry];
}

static struct place *place_in(struct person *person, struct conversation *conversation) {
  int number = (int)(conversation - conversations);
  for (int i = 0; i < person->place_count; i++)
    if (person->places[i]->conversation == number) return person->places[i];
  fail("%s was told of conversation %s without being in it", person->id, conversation->id);
}

static struct person *person_at(struct place *place) { return &people[place->person]; }

/* -- sending --------------------------------------------------------------------------------------------- */

static void ask(struct person *person, const char *event, const char *payload, struct pending what) {
  static char text[FRAME];
  uint32_t id = next_pending++ & (PENDING - 1);
  if (pending[id].kind) fail("more than %d events wait for their acknowledgement", PENDING);
  what.person = (int)(person - people);
  pending[id] = what;
  int size = snprintf(text, sizeof text, "42" CHAT "%u[\"%s\",%s]", id, event, payload);
  if (size >= (int)sizeof text) fail("an event of %d bytes", size);
  send_text(&person->connection, text, size);
}

static void send_message(struct conversation *conversation, struct flight *flight, int sender, uint64_t since) {
  static char payload[FRAME];
  *flight = (struct flight){.busy = 1, .missing = conversation->count, .sender = sender, .sent = since,
                            .number = flight->number, .content = flight->content};
  int slot = (int)(flight - conversation->flights), line = current_line;
  snprintf(flight->key, sizeof flight->key, "%x-%d-%u", run, slot, flight->number);
  if (line >= 0) {
    flight->content = (struct span){lines[line].content, (int)strlen(lines[line].content)};
    if (lines[line].reply_to >= 0) strcpy(flight->reply_to, lines[lines[line].reply_to].id);
  } else {
    flight->content = (struct span){flight->text, snprintf(flight->text, sizeof flight->text, CONTENT, flight->key)};
  }
  int size = snprintf(payload, sizeof payload, "{\"conversation_id\":\"%s\",\"client_msg_id\":\"%s\",\"content\":\"%.*s\"",
                      conversation->id, flight->key, flight->content.size, flight->content.at);
  snprintf(payload + size, sizeof payload - (size_t)size, flight->reply_to[0] ? ",\"reply_to_id\":\"%s\"}" : "}",
           flight->reply_to);
  under_way++;
  ask(person_at(&conversation->places[sender]), "send_message", payload,
      (struct pending){.kind = MESSAGE, .flight = flight, .conversation = conversation});
}

/* The next message of a conversation, from the next of its members. */
static void say(struct conversation *conversation, struct flight *flight, uint64_t since) {
  flight->number = ++conversation->number;
  current_line = -1;
  send_message(conversation, flight, conversation->turn++ % conversation->count, since);
}

/* -- marks ----------------------------------------------------------------------------------------------- */

static void expect_mark(struct place *place) {
  if (place->is_due) return;
  place->is_due = 1;
  place->due = now() + MARK_AFTER;
  due[(due_first + due_count++) % due_size] = place;
}

static void mark(struct place *place) {
  char payload[128];
  struct conversation *conversation = &conversations[place->conversation];
  place->is_due = 0;
  if (place->incoming <= place->own || place->incoming <= place->marked) return;
  place->marked = place->incoming;
  marks++;
  marks_under_way++;
  snprintf(payload, sizeof payload, "{\"conversation_id\":\"%s\",\"seq\":%lld}", conversation->id, (long long)place->marked);
  ask(person_at(place), place->number % 2 ? "mark_delivered" : "mark_read", payload,
      (struct pending){.kind = MARK, .conversation = conversation});
}

/* Those whose time has come, or all. */
static void send_marks(int all) {
  uint64_t time = now();
  while (due_count && (all || due[due_first]->due <= time)) {
    struct place *place = due[due_first];
    due_first = (due_first + 1) % due_size;
    due_count--;
    mark(place);
  }
}

static int64_t *heard(struct conversation *conversation, struct place *listener, struct place *marker) {
  if (conversation->heard) return &conversation->heard[listener->number * conversation->count + marker->number];
  return listener == marker ? &listener->heard_own : NULL;
}

static void hear(struct conversation *conversation, struct place *listener, struct place *marker, int64_t seq) {
  int64_t *known = heard(conversation, listener, marker);
  if (known && *known < seq) *known = seq;
}

/* Whether everybody who has to hear of a mark has heard of it. A message tells that its sender has read so far. */
static int all_told(void) {
  for (int i = 0; i < conversation_count; i++)
    for (int marker = 0; marker < conversations[i].count; marker++) {
      struct place *place = &conversations[i].places[marker];
      if (!conversations[i].heard && place->heard_own < place->marked) return 0;
      for (int listener = 0; conversations[i].heard && listener < conversations[i].count; listener++)
        if (*heard(&conversations[i], &conversations[i].places[listener], place) < place->marked) return 0;
    }
  return 1;
}

static void receipt(struct person *person, char *at, char *end) {
  static const char *const names[] = {"conversation_id", "user_id", "delivered_seq", "read_seq"};
  struct span found[4];
  read_object(at, end, names, 4, found);
  struct conversation *conversation = conversation_of(found[0]);
  int entry = found[1].size == 36 ? *slot_of(found[1].at) : 0;
  if (entry <= 0) fail("a receipt of nobody: %.*s", (int)(end - at), at);
  struct place *listener = place_in(person, conversation), *marker = place_in(&people[entry - 1], conversation);
  int64_t delivered = number(found[2]), read = number(found[3]);
  if (read < 0 || delivered < read || delivered > conversation->last_seq) fail("an impossible receipt: %.*s", (int)(end - at), at);
  receipts++;
  last_progress = now();
  hear(conversation, listener, marker, marker->number % 2 ? delivered : read);
}

/* -- messages -------------------------------------------------------------------------------------------- */

static void finished(struct conversation *conversation, struct flight *flight, uint64_t arrived) {
  if (!flight->acknowledged || flight->missing) return;
  took(flight->sent, arrived);
  under_way--;
  flight->busy = 0;
  if (sending && arrived < deadline) say(conversation, flight, arrived);
}

/* Compares a message with what was sent, and finds it. */
static struct flight *verified(struct conversation **where, char *at, char *end) {
  static const char *const names[] = {"id", "conversation_id", "seq", "change", "sender_id", "client_msg_id", "type",
                                      "content", "reply_to_id", "created_at", "meta", "attachments", "reactions"};
  struct span found[13];
  read_object(at, end, names, 13, found);
  int size = (int)(end - at);
  struct conversation *conversation = *where = conversation_of(found[1]);
  char *dash = found[5].at ? memchr(found[5].at, '-', (size_t)found[5].size) : NULL;
  unsigned long slot = dash ? strtoul(dash + 1, NULL, 10) : MAX_IN_FLIGHT;
  if (slot >= MAX_IN_FLIGHT) fail("a message that nobody sent: %.*s", size, at);
  struct flight *flight = &conversation->flights[slot];
  if (!flight->busy || !is(found[5], flight->key)) fail("a message that is not on its way: %.*s", size, at);
  int64_t seq = number(found[2]);
  if (!flight->seq) {
    flight->seq = seq;
    if (found[0].size == 36) memcpy(flight->id, found[0].at, 36);
    if (seq > conversation->last_seq) conversation->last_seq = seq;
  }
  struct span *reply_to = &found[8];
  int same_reply = flight->reply_to[0] ? is(*reply_to, flight->reply_to) : is(*reply_to, "null");
  if (seq < 1 || seq != flight->seq || number(found[3]) != seq || !is(found[0], flight->id) || !is(found[6], "text") ||
      !is(found[4], person_at(&conversation->places[flight->sender])->id) || !same_text(found[7], flight->content) ||
      !same_reply || !found[9].at || !found[10].at || !found[11].at || !found[12].at)
    fail("a message is not what was sent as %s (%.*s): %.*s", flight->key, flight->content.size, flight->content.at, size, at);
  return flight;
}

/* A transaction for each message lets a later one overtake on its way to the sockets; clients sort by `seq`. */
static void receive(struct person *person, struct place *place, int64_t seq) {
  if (seq <= place->last || seq >= place->last + AHEAD || place->ahead[seq % AHEAD])
    fail("%s received message %lld after all up to %lld", person->id, (long long)seq, (long long)place->last);
  if (seq != place->last + 1) early++;
  place->ahead[seq % AHEAD] = 1;
  while (place->ahead[(place->last + 1) % AHEAD]) place->ahead[++place->last % AHEAD] = 0;
}

static void refuse_gaps(void) {
  for (int i = 0; i < conversation_count; i++)
    for (int member = 0; member < conversations[i].count; member++)
      if (conversations[i].places[member].last != conversations[i].last_seq)
        fail("a gap: message %lld was received by nobody", (long long)conversations[i].places[member].last + 1);
}

static void delivered(struct person *person, char *text, char *at, int size) {
  static struct conversation *last; /* most probably it is the same event as the one before */
  uint64_t arrived = now();
  struct flight *flight;
  struct conversation *conversation = last;
  if (last && last->verified_size == size && !memcmp(last->verified, text, (size_t)size) && last->verified_flight->busy) {
    flight = last->verified_flight;
  } else {
    flight = verified(&conversation, at, text + size);
    conversation->verified = realloc(conversation->verified, (size_t)size);
    memcpy(conversation->verified, text, (size_t)size);
    conversation->verified_size = size;
    conversation->verified_flight = flight;
    last = conversation;
  }
  struct place *place = place_in(person, conversation);
  receive(person, place, flight->seq);
  deliveries++;
  last_progress = arrived;
  hear(conversation, place, &conversation->places[flight->sender], flight->seq);
  if (place->number != flight->sender) {
    place->incoming = flight->seq;
    expect_mark(place);
  }
  flight->missing--;
  finished(conversation, flight, arrived);
}

static void message_acknowledged(struct pending *what, char *at, char *end) {
  struct conversation *conversation;
  struct flight *flight = verified(&conversation, at, end);
  if (flight != what->flight || flight->acknowledged) fail("an acknowledgement is about another message: %.*s", (int)(end - at), at);
  flight->acknowledged = 1;
  struct place *sender = &conversation->places[flight->sender];
  if (sender->own < flight->seq) sender->own = flight->seq;
  if (line_count && !sending) {
    memcpy(lines[flight->number].id, flight->id, 36);
    person_at(sender)->line_under_way = 0;
  }
  finished(conversation, flight, now());
}

static void complete(struct person *person);

/* Each message that was missed, once, as it was stored, in its order; and nothing else. */
static void synchronised(struct person *person, char *at, char *end) {
  static const char *const names[] = {"conversations", "messages", "removed", "reset", "more", "changes"};
  static const char *const members[] = {"conversation_id", "seq", "change", "content", "id", "sender_id", "created_at"};
  struct span found[6], of[7];
  char text[128];
  read_object(at, end, names, 6, found);
  if (!found[0].at || !found[1].at || !is(found[2], "[]") || !is(found[3], "[]") || !is(found[4], "false") || !found[5].at)
    fail("`sync` did not complete: %.*s", (int)(end - at > 2000 ? 2000 : end - at), at);
  int changed = 0;
  for (char *one = found[0].at + 1; *one == '{'; changed++)
    for (one = skip_value(one, end); *one == ',' || *one == ' '; one++);
  if (changed != busy) fail("%d conversations have changed, not %d", changed, busy);
  for (char *one = found[1].at + 1; *one == '{';) {
    one = read_object(one, end, members, 7, of);
    struct place *place = place_in(person, conversation_of(of[0]));
    int64_t seq = number(of[1]);
    int size = snprintf(text, sizeof text, HISTORY, (long long)seq);
    if (seq != ++place->last || number(of[2]) != seq || !same_text(of[3], (struct span){text, size}) || of[4].size != 36 ||
        of[5].size != 36 || !of[6].size)
      fail("%s was told of message %lld of %s, not %lld, or not as it was stored", person->id, (long long)seq,
           conversations[place->conversation].id, (long long)place->last);
    while (*one == ',' || *one == ' ') one++;
  }
  for (int i = 0; i < person->place_count; i++) {
    struct conversation *conversation = &conversations[person->places[i]->conversation];
    if (person->places[i]->last != conversation->last_seq) fail("%s did not get all of %s", person->id, conversation->id);
  }
  complete(person);
}

static void acknowledged(struct person *person, char *at, char *end) {
  static const char *const names[] = {"ok", "message"};
  struct span found[2];
  char *answer;
  uint32_t id = (uint32_t)strtoul(at, &at, 10);
  if (id >= PENDING || !pending[id].kind || &people[pending[id].person] != person || *at != '[')
    fail("an acknowledgement that nobody waits for: %.*s", (int)(end - at), at);
  struct pending what = pending[id];
  pending[id].kind = NOTHING;
  answer = ++at;
  read_object(at, end, names, 2, found);
  if (!is(found[0], "true")) fail("refused: %.*s", (int)(end - at), at);
  if (what.kind == MESSAGE) {
    if (!found[1].at) fail("an acknowledgement without its message: %.*s", (int)(end - at), at);
    message_acknowledged(&what, found[1].at, found[1].at + found[1].size);
  } else if (what.kind == SYNC) {
    synchronised(person, answer, end);
  } else {
    marks_under_way--;
    last_progress = now();
  }
}

/* -- connecting ------------------------------------------------------------------------------------------ */

static void connect_next(void) {
  struct person *person = &people[next_to_connect];
  open_connection(&person->connection, ports[next_to_connect++ % port_count]);
}

static void complete(struct person *person) {
  ready++;
  took(person->connection.sent, now());
  if (next_to_connect < person_count) connect_next();
}

/* What it holds of each conversation, as a client does that was away. */
static void synchronise(struct person *person, char *at, char *end) {
  static const char *const names[] = {"epoch"};
  static char payload[FRAME];
  struct span epoch;
  read_object(at, end, names, 1, &epoch);
  int size = snprintf(payload, sizeof payload, "{\"epoch\":\"%.*s\",\"conversations\":{", epoch.size, epoch.at);
  for (int i = 0; i < person->place_count && size < FRAME - 128; i++) {
    struct place *place = person->places[i];
    struct conversation *conversation = &conversations[place->conversation];
    place->last = conversation->last_seq - (i < busy ? missed : 0);
    size += snprintf(payload + size, sizeof payload - (size_t)size, "%s\"%s\":%lld", i ? "," : "", conversation->id,
                     (long long)place->last);
  }
  snprintf(payload + size, sizeof payload - (size_t)size, "}}");
  ask(person, "sync", payload, (struct pending){.kind = SYNC});
}

static int starts(const char *text, int size, const char *with) {
  int length = (int)strlen(with);
  return size >= length && !memcmp(text, with, (size_t)length);
}

static void received(struct connection *connection, char *text, int size) {
  struct person *person = (struct person *)connection;
  char *end = text + size, join[2100];
  if (connection->state == CLOSING) return;
  if (connection->state == OPENING && *text == '0') {
    connection->state = JOINING;
    send_text(connection, join, snprintf(join, sizeof join, "40" CHAT "{\"token\":\"%s\"}", person->token));
  } else if (connection->state == JOINING && starts(text, size, "40" CHAT "{")) {
    /* `ready` follows */
  } else if (connection->state == JOINING && starts(text, size, "42" CHAT "[\"ready\",")) {
    connection->state = READY;
    if (busy) synchronise(person, text + strlen("42" CHAT "[\"ready\","), end);
    else complete(person);
  } else if (connection->state == READY && starts(text, size, "42" CHAT "[\"message\",")) {
    delivered(person, text, text + strlen("42" CHAT "[\"message\","), size);
  } else if (connection->state == READY && starts(text, size, "42" CHAT "[\"receipt\",")) {
    receipt(person, text + strlen("42" CHAT "[\"receipt\","), end);
  } else if (connection->state == READY && starts(text, size, "43" CHAT)) {
    acknowledged(person, text + strlen("43" CHAT), end);
  } else {
    fail("received in state %d: %.*s", connection->state, size, text);
  }
}

/* -- work ------------------------------------------------------------------------------------------------ */

static void serve(int timeout) {
  if (due_count) {
    uint64_t time = now();
    int wait = due[due_first]->due > time ? (int)((due[due_first]->due - time) / 1000000) + 1 : 0;
    if (wait < timeout) timeout = wait;
  }
  turn(timeout);
  send_marks(0);
  if (now() - last_progress > (uint64_t)patience * 1000000000ull)
    fail("nothing arrived for %d s; %d messages and %d marks under way, %d of %d ready", patience, under_way, marks_under_way,
         ready, person_count);
}

/* The last messages arrive, then the last marks are told. */
static void finish(void) {
  while (under_way) serve(1000);
  send_marks(1);
  while (marks_under_way || !all_told()) serve(1000);
  refuse_gaps();
}

static void send_steadily(int in_flight) {
  if (in_flight < 1 || in_flight > MAX_IN_FLIGHT) fail("%d in flight", in_flight);
  sending = 1;
  for (int i = 0; i < conversation_count; i++)
    for (int slot = 0; slot < in_flight; slot++) say(&conversations[i], &conversations[i].flights[slot], now());
  finish();
  sending = 0;
}

/* A conversation has room for MAX_IN_FLIGHT; when it has none left, the server is hopelessly behind. */
static void offer(double rate) {
  uint64_t step = (uint64_t)(1e9 / rate), next = now();
  for (uint32_t i = 0; next < deadline; i++, next += step) {
    for (uint64_t time = now(); time < next; time = now()) serve((int)((next - time) / 1000000));
    struct conversation *conversation = &conversations[i % (uint32_t)conversation_count];
    int slot = 0;
    while (slot < MAX_IN_FLIGHT && conversation->flights[slot].busy) slot++;
    if (slot == MAX_IN_FLIGHT) fail("the server does not keep up with %g messages a second", rate);
    say(conversation, &conversation->flights[slot], next);
  }
  finish();
}

static void replay(int in_flight) {
  struct conversation *conversation = conversations;
  run++; /* new keys: the same lines once more */
  for (int number = 0; number < line_count; number++) {
    struct line *line = &lines[number];
    struct person *person = &people[line->person];
    line->id[0] = 0;
    while (under_way >= in_flight || person->line_under_way || (line->reply_to >= 0 && !lines[line->reply_to].id[0])) serve(1000);
    int slot = 0;
    while (conversation->flights[slot].busy) slot++;
    struct flight *flight = &conversation->flights[slot];
    flight->number = (uint32_t)number;
    current_line = number;
    person->line_under_way = 1;
    send_message(conversation, flight, place_in(person, conversation)->number, now());
  }
  finish();
}

static void obey(char *command) {
  char name[16], more[160];
  double seconds = 0, much = 0, most = 0;
  if (sscanf(command, "%15s %lf %lf %lf", name, &seconds, &much, &most) < 1) fail("no command");
  begin_work();
  deliveries = marks = receipts = early = 0;
  deadline = began + (uint64_t)(seconds * 1e9);
  busy = missed = 0;
  if (!strcmp(name, "connect") || !strcmp(name, "resume")) {
    busy = (int)much;
    missed = (int)most;
    for (int i = 0; i < (int)seconds && i < person_count; i++) connect_next();
    while (ready < person_count) serve(1000);
  } else if (!strcmp(name, "send")) {
    send_steadily((int)much);
  } else if (!strcmp(name, "offer")) {
    offer(much);
  } else if (!strcmp(name, "replay")) {
    if ((int)seconds < 1 || (int)seconds > MAX_IN_FLIGHT) fail("%d in flight", (int)seconds);
    replay((int)seconds);
  } else if (!strcmp(name, "close")) {
    for (int i = 0; i < person_count; i++) begin_close(&people[i].connection);
    ready = next_to_connect = 0;
    while (!all_closed()) serve(1000);
  } else {
    fail("unknown command: %s", command);
  }
  snprintf(more, sizeof more, ", \"deliveries\": %llu, \"marks\": %llu, \"receipts\": %llu, \"early\": %llu",
           (unsigned long long)deliveries, (unsigned long long)marks, (unsigned long long)receipts, (unsigned long long)early);
  report(more);
}

/* -- the plan -------------------------------------------------------------------------------------------- */

static void *grown(void *items, int count, size_t size) {
  if (count & (count - 1)) return items;
  return realloc(items, size * (size_t)(count ? 2 * count : 1));
}

static void read_conversation(FILE *file) {
  conversations = grown(conversations, conversation_count, sizeof *conversations);
  struct conversation *conversation = &conversations[conversation_count];
  *conversation = (struct conversation){0};
  long long last_seq;
  if (fscanf(file, "%39s %lld %d", conversation->id, &last_seq, &conversation->count) != 3) fail("a bad conversation in the plan");
  conversation->last_seq = last_seq;
  conversation->places = calloc((size_t)conversation->count, sizeof(struct place));
  for (int i = 0; i < conversation->count; i++) {
    struct place *place = &conversation->places[i];
    *place = (struct place){.conversation = conversation_count, .number = i, .last = last_seq, .incoming = last_seq,
                            .own = last_seq, .marked = 0};
    if (fscanf(file, "%d", &place->person) != 1 || place->person < 0 || place->person >= person_count)
      fail("a bad member in the plan");
  }
  due_size += conversation->count;
  conversation_count++;
}

static void read_line(FILE *file) {
  static char content[FRAME];
  lines = grown(lines, line_count, sizeof *lines);
  struct line *line = &lines[line_count++];
  *line = (struct line){0};
  if (fscanf(file, "%d %d \"%65000[^\n]", &line->person, &line->reply_to, content) != 3) fail("a bad line in the plan");
  content[strlen(content) - 1] = 0; /* the closing quote */
  line->content = strdup(content);
}

static void read_plan(const char *path) {
  char word[16], token[2048];
  FILE *file = fopen(path, "r");
  if (!file) fail("%s: %s", path, strerror(errno));
  while (fscanf(file, "%15s", word) == 1) {
    if (!strcmp(word, "person")) {
      people = grown(people, person_count, sizeof *people);
      struct person *person = &people[person_count++];
      *person = (struct person){0};
      if (fscanf(file, "%39s %2047s", person->id, token) != 2) fail("a bad person in the plan");
      person->token = strdup(token);
    } else if (!strcmp(word, "conversation")) {
      read_conversation(file);
    } else if (!strcmp(word, "line")) {
      read_line(file);
    } else {
      fail("the plan says %s", word);
    }
  }
  fclose(file);
}

/* Once nothing moves in memory any more. */
static void link_places(void) {
  due = calloc((size_t)due_size + 1, sizeof *due);
  for (int i = 0; i < conversation_count; i++) {
    struct conversation *conversation = &conversations[i];
    conversation->flights = calloc(MAX_IN_FLIGHT, sizeof(struct flight));
    if (conversation->count <= HEARD_BY_ALL)
      conversation->heard = calloc((size_t)(conversation->count * conversation->count), sizeof(int64_t));
    for (int number = 0; number < conversation->count; number++) {
      struct person *person = person_at(&conversation->places[number]);
      person->places = grown(person->places, person->place_count, sizeof *person->places);
      person->places[person->place_count++] = &conversation->places[number];
    }
  }
}

int main(int count, char **arguments) {
  if (count != 3) fail("usage: chat PORTS PLAN");
  read_ports(arguments[1]);
  read_plan(arguments[2]);
  link_places();
  index_ids();
  run = (uint32_t)time(NULL) ^ (uint32_t)getpid() << 16;
  init_client();
  return obey_commands();
}
