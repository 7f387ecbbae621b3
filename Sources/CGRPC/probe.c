#define _GNU_SOURCE
#include "core.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

// A client of its own, in as little as gRPC needs: a new connection, one RPC with one message, and whatever answer. It
// shares nothing with the core whose listener it asks.

typedef struct probe {
  int socket;
  int64_t deadline;
  SSL_CTX *context;
  SSL *tls;
  bool certificate_wanted;
  char *problem;
  size_t problem_length;
} probe;

static bool failed(probe *probe, const char *what, const char *why) {
  if (probe->problem_length && !probe->problem[0]) {
    snprintf(probe->problem, probe->problem_length, "%s%s%s", what, why[0] ? ": " : "", why);
  }
  return false;
}

static bool wait_for(probe *probe, short events, const char *what) {
  for (;;) {
    int64_t left = (probe->deadline - pb_now()) / 1000000;
    if (left <= 0) return failed(probe, what, "no answer in time");
    struct pollfd poll_one = {.fd = probe->socket, .events = events};
    int ready = poll(&poll_one, 1, left > INT32_MAX ? INT32_MAX : (int)left);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return failed(probe, what, strerror(errno));
  }
}

static bool connect_to(probe *probe, const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  if (getaddrinfo(host, port, &hints, &found) != 0) return failed(probe, "the probe's address", "not numeric");
  bool done = false;
  probe->socket = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe->socket < 0) {
    failed(probe, "a socket", strerror(errno));
  } else {
    // Bound first, so that the listener knows whose connection it is before it is made.
    struct sockaddr_storage own = {.ss_family = (sa_family_t)found->ai_family};
    socklen_t length = found->ai_addrlen;
    if (bind(probe->socket, (struct sockaddr *)&own, length) == 0 &&
        getsockname(probe->socket, (struct sockaddr *)&own, &length) == 0) {
      uint16_t number = own.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&own)->sin6_port
                                                  : ((struct sockaddr_in *)&own)->sin_port;
      pb_admission_exempt(ntohs(number));
    }
    int result = connect(probe->socket, found->ai_addr, found->ai_addrlen);
    if (result != 0 && errno == EINPROGRESS && wait_for(probe, POLLOUT, "connecting")) {
      int error = 0;
      socklen_t size = sizeof(error);
      getsockopt(probe->socket, SOL_SOCKET, SO_ERROR, &error, &size);
      errno = error;
      result = error == 0 ? 0 : -1;
    }
    done = result == 0 || failed(probe, "connecting", strerror(errno));
  }
  freeaddrinfo(found);
  return done;
}

static int certificate_wanted(SSL *tls, void *context) {
  (void)tls;
  ((probe *)context)->certificate_wanted = true;
  return 0;  // we have none
}

// One step of OpenSSL's is tried again when the socket allows; 1 done, 0 not yet, -1 failed.
static int after_step(probe *probe, int result, const char *what) {
  if (result > 0) return 1;
  int error = SSL_get_error(probe->tls, result);
  if (error == SSL_ERROR_WANT_READ) return wait_for(probe, POLLIN, what) ? 0 : -1;
  if (error == SSL_ERROR_WANT_WRITE) return wait_for(probe, POLLOUT, what) ? 0 : -1;
  failed(probe, what, error == SSL_ERROR_SSL ? "TLS failed" : "the connection was closed");
  return -1;
}

static bool shake_hands(probe *probe, const char *host) {
  static const unsigned char h2[] = {2, 'h', '2'};
  (void)host;
  probe->context = SSL_CTX_new(TLS_client_method());
  if (!probe->context) return failed(probe, "TLS", "no context");
  // Who listens is known; whether it lives is the question.
  SSL_CTX_set_verify(probe->context, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_alpn_protos(probe->context, h2, sizeof(h2));
  probe->tls = SSL_new(probe->context);
  if (!probe->tls || SSL_set_fd(probe->tls, probe->socket) != 1) return failed(probe, "TLS", "no session");
  SSL_set_cert_cb(probe->tls, certificate_wanted, probe);
  for (;;) {
    int step = after_step(probe, SSL_connect(probe->tls), "the TLS handshake");
    if (step != 0) return step > 0;
  }
}

static bool write_all(probe *probe, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    if (probe->tls) {
      size_t written = 0;
      int step = after_step(probe, SSL_write_ex(probe->tls, bytes, count, &written), "the request");
      if (step < 0) return false;
      bytes += written;
      count -= written;
      continue;
    }
    ssize_t written = send(probe->socket, bytes, count, MSG_NOSIGNAL);
    if (written < 0) {
      if (errno != EAGAIN && errno != EINTR) return failed(probe, "the request", strerror(errno));
      if (!wait_for(probe, POLLOUT, "the request")) return false;
      continue;
    }
    bytes += written;
    count -= (size_t)written;
  }
  return true;
}

static bool read_exactly(probe *probe, uint8_t *bytes, size_t count) {
  while (count > 0) {
    size_t got = 0;
    if (probe->tls) {
      int step = after_step(probe, SSL_read_ex(probe->tls, bytes, count, &got), "the answer");
      if (step < 0) return false;
    } else {
      ssize_t result = recv(probe->socket, bytes, count, 0);
      if (result == 0) return failed(probe, "the answer", "the connection was closed");
      if (result < 0) {
        if (errno != EAGAIN && errno != EINTR) return failed(probe, "the answer", strerror(errno));
        if (!wait_for(probe, POLLIN, "the answer")) return false;
        continue;
      }
      got = (size_t)result;
    }
    bytes += got;
    count -= got;
  }
  return true;
}

static size_t add_text(uint8_t *to, const char *text) {
  size_t length = strlen(text);  // each of ours is under 127 bytes
  to[0] = (uint8_t)length;
  memcpy(to + 1, text, length);
  return length + 1;
}

// Literal fields without indexing and without Huffman codes (RFC 7541, 6.2.2).
static size_t add_field(uint8_t *to, const char *name, const char *value) {
  to[0] = 0;
  size_t length = 1 + add_text(to + 1, name);
  return length + add_text(to + length, value);
}

static size_t add_frame(uint8_t *to, uint8_t type, uint8_t flags, uint8_t stream, const uint8_t *payload,
                        size_t length) {
  const uint8_t header[9] = {0, (uint8_t)(length >> 8), (uint8_t)length, type, flags, 0, 0, 0, stream};
  memcpy(to, header, sizeof(header));
  if (length) memcpy(to + sizeof(header), payload, length);
  return sizeof(header) + length;
}

static bool ask(probe *probe) {
  uint8_t fields[512], request[1024];
  size_t length = 0, count = 0;
  length += add_field(fields + length, ":method", "POST");
  length += add_field(fields + length, ":scheme", probe->tls ? "https" : "http");
  length += add_field(fields + length, ":path", "/grpc.health.v1.Health/Check");
  length += add_field(fields + length, ":authority", "localhost");
  length += add_field(fields + length, "te", "trailers");
  length += add_field(fields + length, "content-type", "application/grpc");
  length += add_field(fields + length, "user-agent", "patchbay-probe");
  const char *preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  memcpy(request, preface, strlen(preface));
  count += strlen(preface);
  count += add_frame(request + count, 4, 0, 0, NULL, 0);          // SETTINGS
  count += add_frame(request + count, 1, 4, 1, fields, length);   // HEADERS, whole
  const uint8_t message[5] = {0};
  count += add_frame(request + count, 0, 1, 1, message, sizeof(message));  // DATA, the last
  if (!write_all(probe, request, count)) return false;
  for (int frames = 0; frames < 64; frames++) {
    uint8_t header[9], payload[16384];
    if (!read_exactly(probe, header, sizeof(header))) return false;
    size_t size = (size_t)header[0] << 16 | (size_t)header[1] << 8 | header[2];
    if (size > sizeof(payload)) return failed(probe, "the answer", "a frame that is too large");
    if (!read_exactly(probe, payload, size)) return false;
    uint32_t stream = (uint32_t)header[5] << 24 | (uint32_t)header[6] << 16 | (uint32_t)header[7] << 8 | header[8];
    if (stream == 1 && (header[3] == 0 || header[3] == 1)) return true;  // any answer to our RPC
    if (stream == 1 && header[3] == 3) return failed(probe, "the answer", "the RPC was reset");
    if (header[3] == 7) return failed(probe, "the answer", "GOAWAY");
  }
  return failed(probe, "the answer", "none in 64 frames");
}

int32_t pb_probe(
  const char *host, const char *port, bool tls, int32_t timeout, char *problem, size_t problem_length) {
  probe probe = {
    .socket = -1,
    .deadline = pb_now() + (int64_t)timeout * 1000000,
    .problem = problem,
    .problem_length = problem_length,
  };
  if (problem_length) problem[0] = 0;
  bool alive = connect_to(&probe, host, port) && (!tls || shake_hands(&probe, host)) && ask(&probe);
  alive = alive || probe.certificate_wanted;
  SSL_free(probe.tls);
  SSL_CTX_free(probe.context);
  ERR_clear_error();
  if (probe.socket >= 0) close(probe.socket);
  pb_admission_exempt(0);
  return alive ? PB_PROBE_ALIVE : PB_PROBE_FAILED;
}
