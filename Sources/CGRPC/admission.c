#define _GNU_SOURCE
#include "hooks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// Which new connections are taken. The core tells nobody when one is closed, so what is counted as open is looked at
// again, by its socket's cookie, whenever a limit seems to be reached.

enum { MOST_RANGES = 64, MOST_PUNISHED = 256, DESCRIPTORS_KEPT = 64 };
static const int64_t punishment = 10000000000;     // nanoseconds
static const int64_t look_again_after = 50000000;  // nanoseconds

typedef struct source {
  uint8_t bytes[16];
} source;

typedef struct entry {
  uint64_t cookie;  // 0: none
  source source;
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pb_connection_limits limits = {.connections = 2000, .per_source = 64, .per_second = 100};
static pb_address_range trusted[MOST_RANGES];
static size_t trusted_count;
static entry *entries;
static size_t capacity;
static int highest = -1;  // of the descriptors with an entry
static uint32_t open_count;
static int64_t looked_again;
static int64_t second_began;
static uint32_t second_count;
static struct {
  source source;
  uint32_t count;
} second_sources[256];
static uint32_t second_source_count;
static struct {
  source source;
  int64_t until;
} punished[MOST_PUNISHED];
static size_t next_punished;
static int reserve[2] = {-1, -1};
static _Atomic uint64_t refused[PB_REFUSALS];
static _Atomic int64_t descriptors_ran_out;
static _Atomic uint32_t exempt_port;

void pb_admission_configure(const pb_connection_limits *new_limits, const pb_address_range *ranges, size_t count) {
  pthread_mutex_lock(&lock);
  limits = *new_limits;
  trusted_count = count < MOST_RANGES ? count : MOST_RANGES;
  if (trusted_count) memcpy(trusted, ranges, trusted_count * sizeof(*ranges));
  pthread_mutex_unlock(&lock);
}

void pb_admission_exempt(uint16_t port) { exempt_port = port; }
uint64_t pb_admission_refused(int32_t reason) { return reason >= 0 && reason < PB_REFUSALS ? refused[reason] : 0; }
int64_t pb_admission_ran_out(void) { return descriptors_ran_out; }

static bool is_open(int descriptor, uint64_t cookie) {
  uint64_t now = 0;
  socklen_t length = sizeof(now);
  return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &now, &length) == 0 && now == cookie;
}

static void look_again(int64_t now) {
  if (now - looked_again < look_again_after) return;
  looked_again = now;
  int last = -1;
  for (int i = 0; i <= highest; i++) {
    if (!entries[i].cookie) continue;
    if (is_open(i, entries[i].cookie)) {
      last = i;
    } else {
      entries[i].cookie = 0;
      open_count--;
    }
  }
  highest = last;
}

uint32_t pb_admission_open(void) {
  pthread_mutex_lock(&lock);
  look_again(pb_now());
  uint32_t count = open_count;
  pthread_mutex_unlock(&lock);
  return count;
}

// An IPv4 address as `::ffff:a.b.c.d`. False for other families.
static bool address_bytes(const struct sockaddr_storage *address, uint8_t bytes[16], uint16_t *port) {
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    memset(bytes, 0, 10);
    memset(bytes + 10, 0xff, 2);
    memcpy(bytes + 12, &four->sin_addr, 4);
    *port = ntohs(four->sin_port);
    return true;
  }
  if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    memcpy(bytes, &six->sin6_addr, 16);
    *port = ntohs(six->sin6_port);
    return true;
  }
  return false;
}

// One IPv6 customer has a /64 at least, and would otherwise be 2^64 sources.
static source source_of(const uint8_t bytes[16]) {
  static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  source source;
  memcpy(source.bytes, bytes, 16);
  if (memcmp(bytes, mapped, 12) != 0) memset(source.bytes + 8, 0, 8);
  return source;
}

static bool same(const source *first, const source *second) { return memcmp(first, second, sizeof(*first)) == 0; }

static bool is_trusted(const uint8_t bytes[16]) {
  for (size_t i = 0; i < trusted_count; i++) {
    const pb_address_range *range = &trusted[i];
    uint32_t whole = range->bits / 8, rest = range->bits % 8;
    if (range->bits > 128 || memcmp(bytes, range->bytes, whole) != 0) continue;
    if (rest && (bytes[whole] ^ range->bytes[whole]) >> (8 - rest)) continue;
    return true;
  }
  return false;
}

void pb_admission_punish(const char *peer) {
  // As the core writes it: `ipv4:192.0.2.1:50000`, `ipv6:%5B2001:db8::1%5D:50000`.
  char text[96];
  uint8_t bytes[16] = {0};
  const char *address = strchr(peer, ':');
  if (!address || strlen(address) >= sizeof(text)) return;
  strcpy(text, address + 1);
  char *end = strrchr(text, ':');
  if (!end) return;
  *end = 0;
  if (strncmp(peer, "ipv4:", 5) == 0) {
    memset(bytes + 10, 0xff, 2);
    if (inet_pton(AF_INET, text, bytes + 12) != 1) return;
  } else {
    char *start = strncmp(text, "%5B", 3) == 0 ? text + 3 : text[0] == '[' ? text + 1 : text;
    char *close = strstr(start, "%5D");
    if (!close) close = strchr(start, ']');
    if (close) *close = 0;
    if (inet_pton(AF_INET6, start, bytes) != 1) return;
  }
  pthread_mutex_lock(&lock);
  if (!is_trusted(bytes)) {
    punished[next_punished].source = source_of(bytes);
    punished[next_punished].until = pb_now() + punishment;
    next_punished = (next_punished + 1) % MOST_PUNISHED;
  }
  pthread_mutex_unlock(&lock);
}

static uint32_t connections_of(const source *source) {
  uint32_t count = 0;
  for (int i = 0; i <= highest; i++) {
    if (entries[i].cookie && same(&entries[i].source, source)) count++;
  }
  return count;
}

// A source has at most half of a second's new connections: one that makes them without end leaves room for others.
static bool has_pace(const source *source, int64_t now) {
  if (now - second_began >= 1000000000) {
    second_began = now;
    second_count = 0;
    second_source_count = 0;
  }
  if (second_count >= limits.per_second) return false;
  uint32_t i = 0;
  while (i < second_source_count && !same(&second_sources[i].source, source)) i++;
  if (i < second_source_count) {
    if (second_sources[i].count >= (limits.per_second + 1) / 2) return false;
    second_sources[i].count++;
  } else if (i < sizeof(second_sources) / sizeof(*second_sources)) {
    second_sources[i].source = *source;
    second_sources[i].count = 1;
    second_source_count++;
  }
  second_count++;
  return true;
}

static int64_t most_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return INT64_MAX;
  int64_t most = (int64_t)limit.rlim_cur;
  return most - (most / 4 < DESCRIPTORS_KEPT ? most / 4 : DESCRIPTORS_KEPT);
}

static void remember(int descriptor, const source *source) {
  uint64_t cookie = 0;
  socklen_t length = sizeof(cookie);
  if (getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &length) != 0 || cookie == 0) return;
  if ((size_t)descriptor >= capacity) {
    size_t wanted = ((size_t)descriptor + 1024) & ~(size_t)1023;
    entry *grown = realloc(entries, wanted * sizeof(*entries));
    if (!grown) abort();
    memset(grown + capacity, 0, (wanted - capacity) * sizeof(*entries));
    entries = grown;
    capacity = wanted;
  }
  if (!entries[descriptor].cookie) open_count++;
  entries[descriptor].cookie = cookie;
  entries[descriptor].source = *source;
  if (descriptor > highest) highest = descriptor;
}

// The reason to refuse it, or -1. Under the lock.
static int32_t judge(int descriptor, const uint8_t bytes[16], int64_t now) {
  source source = source_of(bytes);
  if (descriptor >= most_descriptors()) {
    descriptors_ran_out = now;
    return PB_REFUSED_DESCRIPTORS;
  }
  if (open_count >= limits.connections) {
    look_again(now);
    if (open_count >= limits.connections) return PB_REFUSED_TOTAL;
  }
  if (!is_trusted(bytes)) {
    for (size_t i = 0; i < MOST_PUNISHED; i++) {
      if (punished[i].until > now && same(&punished[i].source, &source)) return PB_REFUSED_PUNISHED;
    }
    if (connections_of(&source) >= limits.per_source) {
      look_again(now);
      if (connections_of(&source) >= limits.per_source) return PB_REFUSED_SOURCE;
    }
    if (!has_pace(&source, now)) return PB_REFUSED_RATE;
  }
  remember(descriptor, &source);
  return -1;
}

static bool is_probe(int descriptor, const uint8_t bytes[16], uint16_t port) {
  if (port == 0 || port != exempt_port) return false;
  struct sockaddr_storage own;
  socklen_t length = sizeof(own);
  uint8_t own_bytes[16];
  uint16_t own_port;
  return getsockname(descriptor, (struct sockaddr *)&own, &length) == 0 && address_bytes(&own, own_bytes, &own_port) &&
         memcmp(own_bytes, bytes, 16) == 0;
}

static void refuse(int descriptor, int32_t reason) {
  // With a reset: nothing lingers of it here.
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
  close(descriptor);
  refused[reason]++;
}

static void reserve_descriptors(void) {
  for (size_t i = 0; i < sizeof(reserve) / sizeof(*reserve); i++) {
    if (reserve[i] < 0) reserve[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
}

// When there is no descriptor left: takes one connection with a reserved one and lets go of it, so that the queue gets
// empty and the listener goes on. False where not even that can be done.
static bool shed(int listener) {
  for (size_t i = 0; i < sizeof(reserve) / sizeof(*reserve); i++) {
    if (reserve[i] < 0) continue;
    close(reserve[i]);
    reserve[i] = -1;
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int problem = errno;
    if (descriptor >= 0) refuse(descriptor, PB_REFUSED_DESCRIPTORS);
    reserve_descriptors();
    if (descriptor >= 0) return true;
    if (problem == EAGAIN) return false;
  }
  return false;
}

#ifdef PB_HOOKS

int pb_accept(int listener, void *address, int nonblock, int cloexec) {
  struct {
    char bytes[128];
    socklen_t length;
  } *resolved = address;
  for (;;) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof(peer);
    int descriptor =
      accept4(listener, (struct sockaddr *)&peer, &length,
              (nonblock ? SOCK_NONBLOCK : 0) | (cloexec ? SOCK_CLOEXEC : 0));
    if (descriptor < 0) {
      switch (errno) {
        case EINTR:
        case ECONNABORTED:
        case EPROTO: continue;
        case EMFILE:
        case ENFILE: {
          pthread_mutex_lock(&lock);
          descriptors_ran_out = pb_now();
          bool went_on = shed(listener);
          pthread_mutex_unlock(&lock);
          if (went_on) continue;
          errno = EAGAIN;  // the core waits for the next connection, where any other error is its listener's end
          return -1;
        }
        case ENOBUFS:
        case ENOMEM: errno = EAGAIN; return -1;
        default: return -1;
      }
    }
    uint8_t bytes[16];
    uint16_t port = 0;
    if (address_bytes(&peer, bytes, &port) && !is_probe(descriptor, bytes, port)) {
      pthread_mutex_lock(&lock);
      reserve_descriptors();
      int32_t reason = judge(descriptor, bytes, pb_now());
      pthread_mutex_unlock(&lock);
      if (reason >= 0) {
        char text[INET6_ADDRSTRLEN] = "";
        inet_ntop(AF_INET6, bytes, text, sizeof(text));
        gpr_log(GPR_ERROR, "a connection from %s is refused: %s", text, pb_refusal_text(reason));
        refuse(descriptor, reason);
        continue;
      }
    }
    if (length > sizeof(resolved->bytes)) length = sizeof(resolved->bytes);
    memcpy(resolved->bytes, &peer, length);
    resolved->length = length;
    return descriptor;
  }
}

#endif

const char *pb_refusal_text(int32_t reason) {
  switch (reason) {
    case PB_REFUSED_TOTAL: return "limits.connections.open are open";
    case PB_REFUSED_SOURCE: return "its source has limits.connections.per_source";
    case PB_REFUSED_RATE: return "over limits.connections.per_second in this second";
    case PB_REFUSED_DESCRIPTORS: return "the process's open files are at their limit";
    case PB_REFUSED_PUNISHED: return "its source broke the rules of frames less than 10 s ago";
    default: return "no reason";
  }
}
