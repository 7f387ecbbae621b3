#include "hooks.h"

#include <stdatomic.h>

// The core reads a message whole before any limit is compared, and its reader is told nothing before. Here the length
// that a message declares is compared when its five bytes are there.
static _Atomic int64_t longest[2];  // from servers, from clients; 0: no bound

void pb_guard_allow_messages(bool from_clients, int64_t bytes) {
  int64_t before = longest[from_clients];
  while (before < bytes && !atomic_compare_exchange_weak(&longest[from_clients], &before, bytes)) {
  }
}

#ifdef PB_HOOKS

// `absl::variant<Pending, Status>`: a status of one word, then which of the two it is.
typedef struct poll_result {
  uint64_t status;
  uint64_t index;
} poll_result;

static bool is_too_long(const void *stream, int64_t missing) {
  int64_t clients = longest[1] ? longest[1] : INT64_MAX, servers = longest[0] ? longest[0] : INT64_MAX;
  if (missing <= clients && missing <= servers) return false;
  // Where this build of the core has a stream's transport: after its first pointer.
  const void *transport;
  memcpy(&transport, (const char *)stream + sizeof(void *), sizeof(transport));
  return missing > (pb_is_client(transport) ? servers : clients);
}

void *pb_deframe(void *result, void *stream, int64_t *min_progress, void *message, uint32_t *flags) {
  void *given = pb_core.deframe(result, stream, min_progress, message, flags);
  poll_result *poll = result;
  if (poll->index == 0 && min_progress && message && flags && is_too_long(stream, *min_progress)) {
    // The reader gets an empty message, marked; its call ends. What the stream holds already goes with the stream, and
    // its window is not opened any further.
    *min_progress = 0;
    *flags = PB_MESSAGE_TOO_LONG;
    poll->status = 0;
    poll->index = 1;
  }
  return given;
}

#endif
