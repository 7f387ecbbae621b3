#include "hooks.h"

#include <pthread.h>
#include <time.h>

#ifdef PB_HOOKS

// One connection of a client of ours: found by the core's transport, which is all that the core's functions are given. A transport is read by
// one thread at a time, so only finding it needs the lock.
typedef struct connection {
  const void *transport;
  pb_frame_rules *rules;
  bool told;
  char peer[96];
  struct connection *next;
} connection;

enum { BUCKETS = 1024 };
static connection *buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static connection **bucket_of(const void *transport) {
  uint64_t hash = (uint64_t)(uintptr_t)transport * 0x9e3779b97f4a7c15u;
  return &buckets[hash >> 54];
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// The core's `absl::string_view`: where the text is, and its length.
typedef struct string_view {
  const char *text;
  size_t length;
} string_view;

void *pb_transport_create(const void *arguments, void *endpoint, bool is_client) {
  // What servers send to us is looked at elsewhere.
  if (is_client) return pb_core.transport_create(arguments, endpoint, is_client);
  connection *made = pb_allocate(sizeof(*made));
  string_view peer = ((string_view(*)(void *))pb_core.endpoint_peer)(endpoint);
  size_t length = peer.length < sizeof(made->peer) ? peer.length : sizeof(made->peer) - 1;
  memcpy(made->peer, peer.text, length);
  made->rules = pb_frame_rules_create(true, now());
  void *transport = pb_core.transport_create(arguments, endpoint, is_client);
  made->transport = transport;
  pthread_mutex_lock(&lock);
  connection **place = bucket_of(transport);
  made->next = *place;
  *place = made;
  pthread_mutex_unlock(&lock);
  return transport;
}

void pb_transport_destroy(void *transport) {
  connection *gone = NULL;
  pthread_mutex_lock(&lock);
  for (connection **place = bucket_of(transport); *place; place = &(*place)->next) {
    if ((*place)->transport == transport) {
      gone = *place;
      *place = gone->next;
      break;
    }
  }
  pthread_mutex_unlock(&lock);
  pb_core.transport_destroy(transport);
  if (gone) {
    pb_frame_rules_destroy(gone->rules);
    free(gone);
  }
}

static connection *find(const void *transport) {
  pthread_mutex_lock(&lock);
  connection *found = *bucket_of(transport);
  while (found && found->transport != transport) found = found->next;
  pthread_mutex_unlock(&lock);
  return found;
}

bool pb_is_client(const void *transport) {
  return find(transport) == NULL;
}

void *pb_perform_read(void *result, void *transport, const grpc_slice *slice) {
  connection *connection = find(transport);
  if (!connection) return pb_core.perform_read(result, transport, slice);
  int32_t broken =
    pb_frame_rules_read(connection->rules, GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice), now());
  if (broken) {
    if (!connection->told) {
      connection->told = true;
      pb_guard_count_closed(broken);
      gpr_log(
        GPR_ERROR, "the connection from %s is closed: %s", connection->peer, pb_frame_rule_text(broken));
      pb_admission_punish(connection->peer);
    }
    // A ping of a wrong length: the core's own way to make an error, with which it closes the connection.
    uint64_t unused[4] = {0};
    return pb_core.ping_begin(result, unused, 1, 0);
  }
  return pb_core.perform_read(result, transport, slice);
}

#endif
