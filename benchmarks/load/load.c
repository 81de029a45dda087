/* A load client for servers that speak Socket.IO 5 over websockets: one thread, epoll, every answer verified.

     load PORTS CONNECTIONS ROOMS IN_FLIGHT

   PORTS is a list with commas, all on 127.0.0.1; connections are spread so that the members of a room are at
   different ports. It obeys one command per line of its input, and prints one line of JSON for each:

     connect       open all, join the default namespace with {"room": "r<number>"}
     say SECONDS   members in turn send `say`, IN_FLIGHT at a time in each room; every member must get each once
     echo SECONDS  every connection sends `echo`, one at a time, and awaits its acknowledgement
     close         close all, and wait until the server has closed too

   Pings are answered throughout. Anything that is not expected, byte for byte, ends it with status 1. */

#include "client.h"

enum { CONNECTING_AT_ONCE = 50, MAX_IN_FLIGHT = 64 };

/* 216 bytes, so that the frame of the event that carries it has 230. The number says room and message. */
#define BODY                                                                                            \
  "{\"id\":\"%04d%08u\",\"conversation_id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"sender_id\":"    \
  "\"01890a5d-ac96-7ff4-8b1c-2f5d8f1b7a11\",\"body\":\"How about lunch at twelve? The usual place has " \
  "soup again.\"}"
#define SAID "42[\"say\"," BODY "]"

struct member {
  struct connection connection; /* first: one is found by the other */
  int room;
  uint32_t acknowledgement; /* of the echo under way */
  uint32_t *got;            /* the last message of each place in flight */
};

struct flight {
  uint32_t message;
  int missing;
  uint64_t sent;
};

struct room {
  struct flight flights[MAX_IN_FLIGHT];
  int turn;
};

static struct member *members;
static struct room *rooms;
static int connection_count, room_count, in_flight, room_size;
static int under_way, ready, next_to_connect;
static uint64_t deadline;

static void connect_next(void) {
  struct member *member = &members[next_to_connect];
  /* A room's members are at neighbouring ports, its first at one that depends on the room. */
  int place = next_to_connect % room_count + next_to_connect / room_count;
  next_to_connect++;
  open_connection(&member->connection, ports[place % port_count]);
}

/* -- messages -------------------------------------------------------------------------------------------- */

static void say(int number, int place, uint32_t message) {
  struct room *room = &rooms[number];
  struct member *sender = &members[number + room_count * (room->turn++ % room_size)];
  char text[512];
  int size = snprintf(text, sizeof text, "42[\"say\",\"r%d\"," BODY "]", number, number, message);
  room->flights[place] = (struct flight){message, room_size, now()};
  under_way++;
  send_text(&sender->connection, text, size);
}

/* Whoever receives it looks for the one message that was sent with this number, and ticks itself off. */
static void said(struct member *member, char *text, int size) {
  char expected[512], digits[9] = {0};
  uint64_t arrived = now();
  if (size > 31) memcpy(digits, text + 20, 8);
  uint32_t message = (uint32_t)strtoul(digits, NULL, 10);
  int place = (int)(message % (uint32_t)in_flight);
  struct flight *flight = &rooms[member->room].flights[place];
  /* The text of all messages is the same but for the number. */
  static char common[512];
  static int common_size;
  if (!common_size) common_size = snprintf(common, sizeof common, SAID, 0, 0u);
  if (size != common_size) fail("a message has %d bytes, not %d: %.*s", size, common_size, size, text);
  memcpy(expected, common, (size_t)size);
  char number[16];
  snprintf(number, sizeof number, "%04d", member->room);
  memcpy(expected + 16, number, 4);
  memcpy(expected + 20, digits, 8);
  if (memcmp(text, expected, (size_t)size)) fail("a message is not what was sent: %.*s", size, text);
  if (message != flight->message || !flight->missing) fail("message %u of room %d was not on its way", message, member->room);
  if (member->got[place] == message) fail("message %u of room %d arrived twice", message, member->room);
  member->got[place] = message;
  took(flight->sent, arrived);
  if (--flight->missing) return;
  under_way--;
  if (arrived < deadline) say(member->room, place, message + (uint32_t)in_flight);
}

static void echo(struct member *member) {
  char text[512];
  member->acknowledgement++;
  int size = snprintf(text, sizeof text, "42%u[\"echo\"," BODY "]", member->acknowledgement, member->room,
                      member->acknowledgement);
  member->connection.sent = now();
  under_way++;
  send_text(&member->connection, text, size);
}

static void echoed(struct member *member, char *text, int size) {
  char expected[512];
  int length = snprintf(expected, sizeof expected, "43%u[" BODY "]", member->acknowledgement, member->room,
                        member->acknowledgement);
  if (size != length || memcmp(text, expected, (size_t)size)) fail("acknowledged: %.*s, not %s", size, text, expected);
  uint64_t arrived = now();
  took(member->connection.sent, arrived);
  under_way--;
  if (arrived < deadline) echo(member);
}

static void joined(struct member *member) {
  member->connection.state = READY;
  ready++;
  took(member->connection.sent, now());
  if (next_to_connect < connection_count) connect_next();
}

static void received(struct connection *connection, char *text, int size) {
  struct member *member = (struct member *)connection;
  char answer[64];
  if (connection->state == OPENING && *text == '0') {
    connection->state = JOINING;
    send_text(connection, answer, snprintf(answer, sizeof answer, "40{\"room\":\"r%d\"}", member->room));
  } else if (connection->state == JOINING && !strncmp(text, "40{", 3)) {
    joined(member);
  } else if (connection->state == READY && !strncmp(text, "42", 2)) {
    said(member, text, size);
  } else if (connection->state == READY && !strncmp(text, "43", 2)) {
    echoed(member, text, size);
  } else {
    fail("received in state %d: %.*s", connection->state, size, text);
  }
}

/* -- commands -------------------------------------------------------------------------------------------- */

static void run_until(int (*done)(void), const char *what) {
  while (!done()) {
    turn(1000);
    if (now() - last_progress > (uint64_t)patience * 1000000000ull)
      fail("%s: nothing arrived for %d s; %d under way, %d of %d ready", what, patience, under_way, ready, connection_count);
  }
}

static int all_ready(void) { return ready == connection_count; }
static int all_arrived(void) { return !under_way; }

static void obey(char *line) {
  char command[16];
  double seconds = 0;
  if (sscanf(line, "%15s %lf", command, &seconds) < 1) fail("no command");
  begin_work();
  deadline = began + (uint64_t)(seconds * 1e9);
  if (!strcmp(command, "connect")) {
    for (int i = 0; i < CONNECTING_AT_ONCE && i < connection_count; i++) connect_next();
    run_until(all_ready, command);
  } else if (!strcmp(command, "say")) {
    for (int i = 0; i < room_count; i++)
      for (int place = 0; place < in_flight; place++) {
        uint32_t last = rooms[i].flights[place].message;
        say(i, place, last ? last + (uint32_t)in_flight : (uint32_t)(in_flight + place));
      }
    run_until(all_arrived, command);
  } else if (!strcmp(command, "echo")) {
    for (int i = 0; i < connection_count; i++) echo(&members[i]);
    run_until(all_arrived, command);
  } else if (!strcmp(command, "close")) {
    for (int i = 0; i < connection_count; i++) begin_close(&members[i].connection);
    ready = next_to_connect = 0;
    run_until(all_closed, command);
  } else {
    fail("unknown command: %s", command);
  }
  report("");
}

int main(int count, char **arguments) {
  if (count != 5) fail("usage: load PORTS CONNECTIONS ROOMS IN_FLIGHT");
  read_ports(arguments[1]);
  connection_count = atoi(arguments[2]);
  room_count = atoi(arguments[3]);
  in_flight = atoi(arguments[4]);
  if (room_count < 1 || room_count > 9999 || in_flight < 1 || in_flight > MAX_IN_FLIGHT ||
      connection_count % room_count)
    fail("the arguments do not fit together");
  room_size = connection_count / room_count;
  members = calloc((size_t)connection_count, sizeof *members);
  rooms = calloc((size_t)room_count, sizeof *rooms);
  for (int i = 0; i < connection_count; i++) {
    members[i].room = i % room_count;
    members[i].got = calloc((size_t)in_flight, sizeof(uint32_t));
  }
  init_client();
  return obey_commands();
}
