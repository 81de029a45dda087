/* What the load clients share: connections to Socket.IO servers over websockets, one thread, epoll, commands by line.

   A program that includes this defines `received`, called with each text frame of a connection, and `obey`, called
   with each line of its input. Pings are answered here. Anything that is not expected ends it with status 1. */
#ifndef CLIENT_H
#define CLIENT_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../websocket.h"

enum { MAX_PORTS = 8, INPUT = 1 << 20, FRAME = 1 << 16, LATENCIES = 1 << 22 };
enum state { IDLE, HANDSHAKE, OPENING, JOINING, READY, CLOSING };

struct connection {
  int fd;
  enum state state;
  uint64_t sent; /* when the connection began, or what it waits for was sent */
  char *rest;    /* of a frame whose end has not arrived */
  int rest_size;
};

static void received(struct connection *connection, char *text, int size);
static void obey(char *line);

static int patience = 20; /* seconds without anything that arrives; PATIENCE in the environment */
static int ports[MAX_PORTS], port_count, poller, open_count;
static uint32_t mask = 0x9E3779B9;
static uint64_t began, last_progress, units;
static double cpu_before;
static uint32_t *latencies, latency_count;
static char input[INPUT];

static uint64_t now(void) { /* nanoseconds */
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static double own_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void send_text(struct connection *connection, const char *text, int size) {
  static char frame[FRAME + 16];
  mask = mask * 1664525u + 1013904223u;
  send_all(connection->fd, frame, write_frame(frame, text, size, mask | 1));
}

/* One unit of the work under way is done. */
static void took(uint64_t from, uint64_t to) {
  units++;
  last_progress = to;
  if (latency_count < LATENCIES) latencies[latency_count++] = (uint32_t)((to - from) / 1000);
}

/* -- connections ----------------------------------------------------------------------------------------- */

static void open_connection(struct connection *connection, int port) {
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

/* uvicorn also asks below Engine.IO whether anybody is there. */
static void pong(struct connection *connection, const char *payload, int size) {
  char frame[140];
  int length = write_frame(frame, payload, size, 1);
  frame[0] = (char)PONG;
  send_all(connection->fd, frame, length);
}

static void begin_close(struct connection *connection) {
  connection->state = CLOSING;
  send_text(connection, "1", 1);
  shutdown(connection->fd, SHUT_WR);
}

static void ended(struct connection *connection) {
  if (connection->state != CLOSING) fail("the server ended a connection in state %d", connection->state);
  close(connection->fd);
  connection->state = IDLE;
  connection->rest_size = 0;
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
      if (taken && frame.opcode == TEXT) {
        if (frame.size == 1 && *frame.payload == '2') send_text(connection, "3", 1);
        else received(connection, frame.payload, frame.size);
      } else if (taken && frame.opcode == PING) {
        pong(connection, frame.payload, frame.size);
      } else if (taken && connection->state != CLOSING) {
        fail("an unexpected frame 0x%x: %.*s", frame.opcode, frame.size, frame.payload);
      }
    }
    at += taken;
  } while (taken && at < size);
  connection->rest_size = size - at;
  if (connection->rest_size) {
    connection->rest = realloc(connection->rest, (size_t)connection->rest_size);
    memcpy(connection->rest, input + at, (size_t)connection->rest_size);
  }
}

static void turn(int timeout) { /* milliseconds */
  struct epoll_event events[512];
  int count = epoll_wait(poller, events, 512, timeout);
  if (count < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
  for (int i = 0; i < count; i++)
    if (events[i].data.ptr) readable(events[i].data.ptr);
}

static int all_closed(void) { return !open_count; }

/* -- commands -------------------------------------------------------------------------------------------- */

static void begin_work(void) {
  cpu_before = own_cpu();
  units = latency_count = 0;
  began = last_progress = now();
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* `more` is the text of further members of the JSON object, or "". */
static void report(const char *more) {
  double wall = (double)(now() - began) / 1e9;
  qsort(latencies, latency_count, sizeof *latencies, by_size);
  printf("{\"units\": %llu, \"wall\": %.6f, \"p50\": %u, \"p99\": %u, \"client_cpu\": %.6f%s}\n", (unsigned long long)units,
         wall, latency_count ? latencies[latency_count / 2] : 0, latency_count ? latencies[latency_count * 99 / 100] : 0,
         own_cpu() - cpu_before, more);
  fflush(stdout);
}

static void read_ports(char *list) {
  for (char *port = strtok(list, ","); port && port_count < MAX_PORTS; port = strtok(NULL, ",")) ports[port_count++] = atoi(port);
  if (!port_count) fail("there is no port");
}

static void init_client(void) {
  if (getenv("PATIENCE")) patience = atoi(getenv("PATIENCE"));
  latencies = malloc(LATENCIES * sizeof *latencies);
  poller = epoll_create1(0);
}

/* Until the input ends; connections are served between commands, too. */
static int obey_commands(void) {
  struct epoll_event commands = {.events = EPOLLIN};
  epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &commands);
  fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
  char line[256];
  int size = 0;
  while (1) {
    turn(1000);
    ssize_t got = read(STDIN_FILENO, line + size, sizeof line - 1 - (size_t)size);
    if (got == 0) return 0;
    if (got > 0) size += (int)got;
    line[size] = 0;
    if (!memchr(line, '\n', (size_t)size)) continue;
    size = 0;
    obey(line);
  }
}

#endif
