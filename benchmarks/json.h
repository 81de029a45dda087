/* As much of JSON (RFC 8259) as it takes to find members of an object and to compare strings. */
#ifndef JSON_H
#define JSON_H

#include "websocket.h"

/* A value in the text that was received; of a string, what stands between its quotes. */
struct span {
  char *at;
  int size;
};

__attribute__((noreturn)) static void malformed(const char *at, const char *end) {
  fail("not the JSON that was expected, at: %.*s", (int)(end - at > 80 ? 80 : end - at), at);
}

static char *skip_string(char *at, char *end) { /* at the opening quote; returns past the closing one */
  for (at++; at < end; at++) {
    if (*at == '\\') at++;
    else if (*at == '"') return at + 1;
  }
  malformed(at, end);
}

static char *skip_value(char *at, char *end) {
  int depth = 0;
  while (at < end) {
    if (*at == '"') {
      at = skip_string(at, end);
    } else if (*at == '{' || *at == '[') {
      depth++;
      at++;
    } else if (*at == '}' || *at == ']') {
      if (!depth) return at;
      depth--;
      at++;
    } else if (*at == ',' && !depth) {
      return at;
    } else {
      at++;
    }
    if (!depth && at < end && (*at == ',' || *at == '}' || *at == ']')) return at;
  }
  malformed(at, end);
}

static char *skip_space(char *at, char *end) {
  while (at < end && (*at == ' ' || *at == '\n')) at++;
  return at;
}

/* The members of the object at `at` that `names` asks for, into `found` (with `.at` NULL where there is none).
   Returns past its end. */
static char *read_object(char *at, char *end, const char *const *names, int count, struct span *found) {
  memset(found, 0, (size_t)count * sizeof *found);
  if (at >= end || *at != '{') malformed(at, end);
  at = skip_space(at + 1, end);
  while (at < end && *at != '}') {
    if (*at != '"') malformed(at, end);
    char *name = at + 1;
    at = skip_string(at, end);
    int size = (int)(at - 1 - name);
    at = skip_space(at, end);
    if (at >= end || *at != ':') malformed(at, end);
    char *value = skip_space(at + 1, end);
    at = skip_value(value, end);
    for (int i = 0; i < count; i++) {
      if (strncmp(names[i], name, (size_t)size) || names[i][size]) continue;
      int quote = *value == '"';
      found[i] = (struct span){value + quote, (int)(at - value) - 2 * quote};
      break;
    }
    if (at < end && *at == ',') at = skip_space(at + 1, end);
  }
  if (at >= end) malformed(at, end);
  return at + 1;
}

static int is(struct span value, const char *text) {
  return value.at && (int)strlen(text) == value.size && !memcmp(value.at, text, (size_t)value.size);
}

static int64_t number(struct span value) { return value.at ? strtoll(value.at, NULL, 10) : -1; }

static int hexadecimal(const char *at) {
  char digits[5] = {at[0], at[1], at[2], at[3], 0};
  return (int)strtol(digits, NULL, 16);
}

static int write_utf8(char *out, int code) {
  if (code < 0x80) return out[0] = (char)code, 1;
  if (code < 0x800) return out[0] = (char)(0xC0 | code >> 6), out[1] = (char)(0x80 | (code & 63)), 2;
  if (code < 0x10000)
    return out[0] = (char)(0xE0 | code >> 12), out[1] = (char)(0x80 | (code >> 6 & 63)), out[2] = (char)(0x80 | (code & 63)), 3;
  return out[0] = (char)(0xF0 | code >> 18), out[1] = (char)(0x80 | (code >> 12 & 63)),
         out[2] = (char)(0x80 | (code >> 6 & 63)), out[3] = (char)(0x80 | (code & 63)), 4;
}

/* The text of a string, in UTF-8, into `out`, which is large enough; its length. */
static int unescape(struct span value, char *out) {
  char *at = value.at, *end = value.at + value.size, *to = out;
  while (at < end) {
    if (*at != '\\') {
      *to++ = *at++;
      continue;
    }
    char kind = at[1];
    at += 2;
    if (kind == 'u') {
      int code = hexadecimal(at);
      at += 4;
      if (code >= 0xD800 && code < 0xDC00 && end - at >= 6) {
        code = 0x10000 + ((code - 0xD800) << 10) + (hexadecimal(at + 2) - 0xDC00);
        at += 6;
      }
      to += write_utf8(to, code);
    } else {
      *to++ = kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind == 'b' ? '\b' : kind == 'f' ? '\f' : kind;
    }
  }
  return (int)(to - out);
}

/* Whether two strings mean the same text, however each is escaped. */
static int same_text(struct span one, struct span other) {
  static char texts[2][1 << 17];
  if (!one.at || !other.at || one.size > 1 << 17 || other.size > 1 << 17) return 0;
  if (one.size == other.size && !memcmp(one.at, other.at, (size_t)one.size)) return 1;
  int size = unescape(one, texts[0]);
  return size == unescape(other, texts[1]) && !memcmp(texts[0], texts[1], (size_t)size);
}

#endif
