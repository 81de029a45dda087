/* The little of RFC 6455 that the load client and the floor share: frames of up to 64 KiB, never fragmented. */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TEXT = 0x81, CLOSED = 0x88, PING = 0x89, PONG = 0x8A };

/* The example of RFC 6455, section 1.3: a constant key has a constant answer. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define KEY_ACCEPTED "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("FAILED: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

struct frame {
  int opcode;    /* with the FIN bit */
  char *payload; /* unmasked, in place */
  int size;
  int taken; /* bytes of the input; 0 when the frame is not complete */
};

static struct frame read_frame(char *data, int available) {
  struct frame frame = {0};
  unsigned char *byte = (unsigned char *)data;
  int head = 2;
  if (available < 2) return frame;
  frame.opcode = byte[0];
  frame.size = byte[1] & 0x7F;
  if (frame.size == 127) fail("a frame of more than 64 KiB");
  if (frame.size == 126) {
    if (available < 4) return frame;
    frame.size = byte[2] << 8 | byte[3];
    head = 4;
  }
  int masked = byte[1] & 0x80;
  unsigned char *mask = byte + head;
  if (masked) head += 4;
  if (available < head + frame.size) return frame;
  frame.payload = data + head;
  if (masked)
    for (int i = 0; i < frame.size; i++) frame.payload[i] ^= mask[i & 3];
  frame.taken = head + frame.size;
  return frame;
}

/* A text frame of `size` bytes into `out`, masked as a client has to; its length. */
static int write_frame(char *out, const char *payload, int size, uint32_t mask) {
  int head = 0;
  out[head++] = (char)TEXT;
  if (size < 126) {
    out[head++] = (char)((mask ? 0x80 : 0) | size);
  } else {
    out[head++] = (char)((mask ? 0x80 : 0) | 126);
    out[head++] = (char)(size >> 8);
    out[head++] = (char)size;
  }
  if (!mask) {
    memcpy(out + head, payload, size);
    return head + size;
  }
  char *key = memcpy(out + head, &mask, 4);
  head += 4;
  for (int i = 0; i < size; i++) out[head + i] = payload[i] ^ key[i & 3];
  return head + size;
}

/* All of it or failure: what is in flight is far below what a socket holds. */
static void send_all(int fd, const char *data, int size) {
  ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
  if (sent != size) fail("send of %d bytes gave %zd: %s", size, sent, sent < 0 ? strerror(errno) : "socket full");
}

#endif
