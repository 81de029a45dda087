/* A load client for servers that speak Socket.IO 5 over websockets: one thread, epoll, every answer verified.

     load PORTS CONNECTIONS ROOMS IN_FLIGHT

   PORTS is a list with commas, all on 127.0.0.1; connections are spread so that the members of a room are at
   different ports. It obeys one command per line of its input, and prints one line of JSON for each:

     connect       open all, join the default namespace with {"room": "r<number>"}
     say SECONDS   members in turn send `say`, IN_FLIGHT at a time in each room; every member must get each once
     echo SECONDS  every connection sends `echo`, one at a time, and awaits its acknowledgement
     close         close all, and wait until the server has closed too

   Pings are answered throughout. Anything that is not expected, byte for byte, ends it with status 1. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../websocket.h"

enum { PATIENCE = 20, CONNECTING_AT_ONCE = 50, MAX_IN_FLIGHT = 64, MAX_PORTS = 8, INPUT = 1 << 18, LATENCIES = 1 << 22 };
enum state { IDLE, HANDSHAKE, OPENING, JOINING, READY, CLOSING };

/* 216 bytes, so that the frame of the event that carries it has 230. The number says room and message. */
#define BODY                                                                                            \
  "{\"id\":\"%04d%08u\",\"conversation_id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"sender_id\":"    \
  "\"01890a5d-ac96-7ff4-8b1c-2f5d8f1b7a11\",\"body\":\"How about lunch at twelve? The usual place has " \
  "soup again.\"}"
#define SAID "42[\"say\"," BODY "]"

struct connection {
  int fd;
  enum state state;
  int room;
  uint32_t acknowledgement; /* of the echo under way */
  uint64_t sent;            /* when the connection or the echo began */
  char *rest;               /* of a frame whose end has not arrived */
  int rest_size;
  uint32_t *got; /* the last message of each place in flight */
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

static struct connection *connections;
static struct room *rooms;
static int ports[MAX_PORTS], port_count, connection_count, room_count, in_flight, members;
static int poller, under_way, ready, open_count, next_to_connect;
static uint32_t mask = 0x9E3779B9;
static uint64_t deadline, began, last_progress, units;
static uint32_t *latencies, latency_count;
static char input[INPUT];

static uint64_t now(void) { /* nanoseconds */
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void send_text(struct connection *connection, const char *text, int size) {
  char frame[1024];
  mask = mask * 1664525u + 1013904223u;
  send_all(connection->fd, frame, write_frame(frame, text, size, mask | 1));
}

static void took(uint64_t from, uint64_t to) {
  units++;
  last_progress = to;
  if (latency_count < LATENCIES) latencies[latency_count++] = (uint32_t)((to - from) / 1000);
}

/* -- connecting ------------------------------------------------------------------------------------------ */

static void connect_next(void) {
  struct connection *connection = &connections[next_to_connect];
  /* A room's members are at neighbouring ports, its first at one that depends on the room. */
  int port = ports[(connection->room + next_to_connect++ / room_count) % port_count];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  connection->sent = now();
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect: %s", strerror(errno));
  fcntl(fd, F_SETFL, O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl: %s", strerror(errno));
  char request[256];
  int size = snprintf(request, sizeof request,
                      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " KEY
                      "\r\nSec-WebSocket-Version: 13\r\n\r\n",
                      port);
  connection->fd = fd;
  connection->state = HANDSHAKE;
  open_count++;
  send_all(fd, request, size);
}

static int handshake(struct connection *connection, char *data, int size) {
  char *end = memmem(data, (size_t)size, "\r\n\r\n", 4);
  if (!end) return 0;
  *end = 0;
  if (strncmp(data, "HTTP/1.1 101 ", 13) || !strstr(data, KEY_ACCEPTED)) fail("the handshake was answered: %s", data);
  connection->state = OPENING;
  return (int)(end + 4 - data);
}

/* -- messages -------------------------------------------------------------------------------------------- */

static void say(int number, int place, uint32_t message) {
  struct room *room = &rooms[number];
  struct connection *sender = &connections[number + room_count * (room->turn++ % members)];
  char text[512];
  int size = snprintf(text, sizeof text, "42[\"say\",\"r%d\"," BODY "]", number, number, message);
  room->flights[place] = (struct flight){message, members, now()};
  under_way++;
  send_text(sender, text, size);
}

/* Whoever receives it looks for the one message that was sent with this number, and ticks itself off. */
static void said(struct connection *connection, char *text, int size) {
  char expected[512], digits[9] = {0};
  uint64_t arrived = now();
  if (size > 31) memcpy(digits, text + 20, 8);
  uint32_t message = (uint32_t)strtoul(digits, NULL, 10);
  int place = (int)(message % (uint32_t)in_flight);
  struct flight *flight = &rooms[connection->room].flights[place];
  /* The text of all messages is the same but for the number. */
  static char common[512];
  static int common_size;
  if (!common_size) common_size = snprintf(common, sizeof common, SAID, 0, 0u);
  if (size != common_size) fail("a message has %d bytes, not %d: %.*s", size, common_size, size, text);
  memcpy(expected, common, (size_t)size);
  char number[16];
  snprintf(number, sizeof number, "%04d", connection->room);
  memcpy(expected + 16, number, 4);
  memcpy(expected + 20, digits, 8);
  if (memcmp(text, expected, (size_t)size)) fail("a message is not what was sent: %.*s", size, text);
  if (message != flight->message || !flight->missing) fail("message %u of room %d was not on its way", message, connection->room);
  if (connection->got[place] == message) fail("message %u of room %d arrived twice", message, connection->room);
  connection->got[place] = message;
  took(flight->sent, arrived);
  if (--flight->missing) return;
  under_way--;
  if (arrived < deadline) say(connection->room, place, message + (uint32_t)in_flight);
}

static void echo(struct connection *connection) {
  char text[512];
  connection->acknowledgement++;
  int size = snprintf(text, sizeof text, "42%u[\"echo\"," BODY "]", connection->acknowledgement, connection->room,
                      connection->acknowledgement);
  connection->sent = now();
  under_way++;
  send_text(connection, text, size);
}

static void echoed(struct connection *connection, char *text, int size) {
  char expected[512];
  int length = snprintf(expected, sizeof expected, "43%u[" BODY "]", connection->acknowledgement, connection->room,
                        connection->acknowledgement);
  if (size != length || memcmp(text, expected, (size_t)size)) fail("acknowledged: %.*s, not %s", size, text, expected);
  uint64_t arrived = now();
  took(connection->sent, arrived);
  under_way--;
  if (arrived < deadline) echo(connection);
}

static void joined(struct connection *connection) {
  connection->state = READY;
  ready++;
  took(connection->sent, now());
  if (next_to_connect < connection_count) connect_next();
}

static void received(struct connection *connection, char *text, int size) {
  char answer[64];
  if (size == 1 && *text == '2') {
    send_text(connection, "3", 1);
  } else if (connection->state == OPENING && *text == '0') {
    connection->state = JOINING;
    send_text(connection, answer, snprintf(answer, sizeof answer, "40{\"room\":\"r%d\"}", connection->room));
  } else if (connection->state == JOINING && !strncmp(text, "40{", 3)) {
    joined(connection);
  } else if (connection->state == READY && !strncmp(text, "42", 2)) {
    said(connection, text, size);
  } else if (connection->state == READY && !strncmp(text, "43", 2)) {
    echoed(connection, text, size);
  } else {
    fail("received in state %d: %.*s", connection->state, size, text);
  }
}

/* -- the loop -------------------------------------------------------------------------------------------- */

static void ended(struct connection *connection) {
  if (connection->state != CLOSING) fail("the server ended a connection in state %d", connection->state);
  close(connection->fd);
  connection->state = IDLE;
  open_count--;
}

static void readable(struct connection *connection) {
  memcpy(input, connection->rest, (size_t)connection->rest_size);
  ssize_t got = recv(connection->fd, input + connection->rest_size, (size_t)(INPUT - connection->rest_size), 0);
  if (got <= 0) {
    if (got < 0 && errno == EAGAIN) return;
    ended(connection);
    return;
  }
  int size = connection->rest_size + (int)got, at = 0, taken;
  do {
    if (connection->state == HANDSHAKE) {
      taken = handshake(connection, input + at, size - at);
    } else {
      struct frame frame = read_frame(input + at, size - at);
      taken = frame.taken;
      if (taken && frame.opcode == TEXT) received(connection, frame.payload, frame.size);
      else if (taken && connection->state != CLOSING) fail("an unexpected frame 0x%x: %.*s", frame.opcode, frame.size, frame.payload);
    }
    at += taken;
  } while (taken && at < size);
  connection->rest_size = size - at;
  if (connection->rest_size) {
    connection->rest = realloc(connection->rest, (size_t)connection->rest_size);
    memcpy(connection->rest, input + at, (size_t)connection->rest_size);
  }
}

static void turn(int timeout) {
  struct epoll_event events[512];
  int count = epoll_wait(poller, events, 512, timeout);
  if (count < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
  for (int i = 0; i < count; i++)
    if (events[i].data.ptr) readable(events[i].data.ptr);
}

static void run_until(int (*done)(void), const char *what) {
  while (!done()) {
    turn(1000);
    if (now() - last_progress > PATIENCE * 1000000000ull)
      fail("%s: nothing arrived for %d s; %d under way, %d of %d ready", what, PATIENCE, under_way, ready, connection_count);
  }
}

static int all_ready(void) { return ready == connection_count; }
static int all_arrived(void) { return !under_way; }
static int all_closed(void) { return !open_count; }

/* -- commands -------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double own_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void obey(const char *command, double seconds) {
  double cpu = own_cpu();
  units = latency_count = 0;
  began = last_progress = now();
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
    for (int i = 0; i < connection_count; i++) echo(&connections[i]);
    run_until(all_arrived, command);
  } else if (!strcmp(command, "close")) {
    for (int i = 0; i < connection_count; i++) {
      connections[i].state = CLOSING;
      send_text(&connections[i], "1", 1);
      shutdown(connections[i].fd, SHUT_WR);
    }
    ready = next_to_connect = 0;
    run_until(all_closed, command);
  } else {
    fail("unknown command: %s", command);
  }
  double wall = (double)(now() - began) / 1e9;
  qsort(latencies, latency_count, sizeof *latencies, by_size);
  printf("{\"units\": %llu, \"wall\": %.6f, \"p50\": %u, \"p99\": %u, \"client_cpu\": %.6f}\n", (unsigned long long)units,
         wall, latency_count ? latencies[latency_count / 2] : 0, latency_count ? latencies[latency_count * 99 / 100] : 0,
         own_cpu() - cpu);
  fflush(stdout);
}

static void read_ports(char *list) {
  for (char *port = strtok(list, ","); port && port_count < MAX_PORTS; port = strtok(NULL, ",")) ports[port_count++] = atoi(port);
}

int main(int count, char **arguments) {
  if (count != 5) fail("usage: load PORTS CONNECTIONS ROOMS IN_FLIGHT");
  read_ports(arguments[1]);
  connection_count = atoi(arguments[2]);
  room_count = atoi(arguments[3]);
  in_flight = atoi(arguments[4]);
  if (!port_count || room_count < 1 || room_count > 9999 || in_flight < 1 || in_flight > MAX_IN_FLIGHT ||
      connection_count % room_count)
    fail("the arguments do not fit together");
  members = connection_count / room_count;
  connections = calloc((size_t)connection_count, sizeof *connections);
  rooms = calloc((size_t)room_count, sizeof *rooms);
  latencies = malloc(LATENCIES * sizeof *latencies);
  for (int i = 0; i < connection_count; i++) {
    connections[i].room = i % room_count;
    connections[i].got = calloc((size_t)in_flight, sizeof(uint32_t));
  }
  poller = epoll_create1(0);
  struct epoll_event commands = {.events = EPOLLIN};
  epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &commands);
  char line[128], command[16];
  int size = 0;
  fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
  while (1) {
    turn(1000);
    ssize_t got = read(STDIN_FILENO, line + size, sizeof line - 1 - (size_t)size);
    if (got == 0) return 0;
    if (got > 0) size += (int)got;
    line[size] = 0;
    double seconds = 0;
    if (!memchr(line, '\n', (size_t)size)) continue;
    if (sscanf(line, "%15s %lf", command, &seconds) < 1) fail("no command");
    size = 0;
    obey(command, seconds);
  }
}
