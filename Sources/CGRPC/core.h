// gRPC's headers, in the one order that works: the C library's first (see the module's header).
#ifndef PATCHBAY_CORE_H
#define PATCHBAY_CORE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/slice_buffer.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include "CGRPC.h"

struct pb_arguments {
  grpc_channel_args list;
  size_t capacity;
};

struct pb_metadata {
  size_t count;
  size_t capacity;
  grpc_metadata entries[];
};

struct pb_call {
  grpc_call *call;
  pb_tag sent;
  pb_tag received;
  pb_tag closed;
  pb_tag metadata_received;
  grpc_byte_buffer *outgoing;
  grpc_byte_buffer *incoming;
  pb_metadata *initial_metadata;
  pb_metadata *trailing_metadata;
  grpc_metadata_array headers;
  grpc_metadata_array trailers;
  grpc_call_details details;
  grpc_slice status_message;
  grpc_status_code status;
  int cancelled;
};

// A mark among the flags of a received message: it declared more than is allowed, and nothing of it was handed over.
#define PB_MESSAGE_TOO_LONG 0x40000000u

// The server chooses the cipher, not the client. Once, before any TLS of the core.
void pb_prefer_server_ciphers(void);

// The core's locks are no longer searched for deadlocks. Once, before any other thread of the core.
void pb_leave_out_deadlock_search(void);

static inline void *pb_allocate(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) abort();  // as gRPC itself does when memory is out
  return memory;
}

#endif
