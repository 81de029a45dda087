/* The floor: the same sockets, the same frames, and nothing else: floor PORT

   It knows just enough of Socket.IO 5 to be spoken to by the load client. An event's data goes out as it came in,
   one send() per delivery; nothing is parsed, no timer runs, and whatever is unusual ends it. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../websocket.h"

enum { ROOMS = 10000, DESCRIPTORS = 1 << 16, INPUT = 1 << 16 };
static const char OPENING[] =
    "0{\"sid\":\"floor\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}";
static const char SWITCHING[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " KEY_ACCEPTED
    "\r\n\r\n";

struct members {
  int *fds, count;
};
static struct members rooms[ROOMS];
static int room_of[DESCRIPTORS]; /* -2: before the handshake, -1: in no room */
static char input[INPUT], out[INPUT];

static void join(int fd, int room) {
  struct members *members = &rooms[room];
  members->fds = realloc(members->fds, (size_t)(members->count + 1) * sizeof(int));
  members->fds[members->count++] = fd;
  room_of[fd] = room;
}

static void leave(int fd) {
  close(fd);
  if (room_of[fd] < 0) return;
  struct members *members = &rooms[room_of[fd]];
  for (int i = 0; i < members->count; i++)
    if (members->fds[i] == fd) members->fds[i] = members->fds[--members->count];
}

static int number_after(const char *text, int size, const char *before) {
  char *found = memmem(text, (size_t)size, before, strlen(before));
  int number = found ? atoi(found + strlen(before)) : -1;
  if (number < 0 || number >= ROOMS) fail("no room in %.*s", size, text);
  return number;
}

static void say(char *text, int size) {
  struct members *members = &rooms[number_after(text, size, "\"say\",\"r")];
  char event[1024] = "42[\"say\",";
  char *data = memchr(text + 11, ',', (size_t)(size - 11)); /* after the room's name */
  int length = size - (int)(data + 1 - text);
  memcpy(event + 9, data + 1, (size_t)length);
  int frame = write_frame(out, event, 9 + length, 0);
  for (int i = 0; i < members->count; i++) send_all(members->fds[i], out, frame);
}

static void echo(int fd, char *text, int size) {
  char answer[1024];
  char *bracket = memchr(text, '[', (size_t)size);
  int head = (int)(bracket + 1 - text), skipped = (int)strlen("\"echo\",");
  memcpy(answer, text, (size_t)head);
  answer[1] = '3';
  memcpy(answer + head, text + head + skipped, (size_t)(size - head - skipped));
  send_all(fd, out, write_frame(out, answer, size - skipped, 0));
}

static void received(int fd, char *text, int size) {
  if (size > 2 && !strncmp(text, "40", 2)) {
    join(fd, number_after(text, size, "\"room\":\"r"));
    send_all(fd, out, write_frame(out, "40{\"sid\":\"floor\"}", 17, 0));
  } else if (size > 11 && !strncmp(text, "42[\"say\"", 8)) {
    say(text, size);
  } else if (size > 9 && !strncmp(text, "42", 2)) {
    echo(fd, text, size);
  } else if (*text == '1') {
    shutdown(fd, SHUT_WR);
  } else if (*text != '3') {
    fail("received: %.*s", size, text);
  }
}

static void readable(int fd) {
  ssize_t got = recv(fd, input, INPUT, 0);
  if (got <= 0) {
    leave(fd);
    return;
  }
  if (room_of[fd] == -2) {
    if (got < 4 || memcmp(input + got - 4, "\r\n\r\n", 4)) fail("a handshake in parts");
    send_all(fd, SWITCHING, sizeof SWITCHING - 1);
    send_all(fd, out, write_frame(out, OPENING, sizeof OPENING - 1, 0));
    room_of[fd] = -1;
    return;
  }
  for (int at = 0; at < got;) {
    struct frame frame = read_frame(input + at, (int)got - at);
    if (!frame.taken) fail("a frame in parts");
    at += frame.taken;
    if (frame.opcode == TEXT) received(fd, frame.payload, frame.size);
  }
}

int main(int count, char **arguments) {
  if (count != 2) fail("usage: floor PORT");
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1, poller = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) fail("bind: %s", strerror(errno));
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[512];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  while (1) {
    int ready = epoll_wait(poller, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) {
        readable(fd);
        continue;
      }
      fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
      if (fd < 0) continue;
      if (fd >= DESCRIPTORS) fail("too many connections");
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      room_of[fd] = -2;
      event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
      epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
  }
}
