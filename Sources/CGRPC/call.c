#include "core.h"

const char *pb_core_version(void) { return grpc_version_string(); }

// MARK: Metadata

pb_metadata *pb_metadata_create(size_t capacity) {
  pb_metadata *metadata = pb_allocate(sizeof(*metadata) + capacity * sizeof(grpc_metadata));
  metadata->capacity = capacity;
  return metadata;
}

bool pb_metadata_add(
  pb_metadata *metadata, const uint8_t *key, size_t key_length, const uint8_t *value, size_t value_length) {
  if (metadata->count == metadata->capacity) return false;
  grpc_slice key_slice = grpc_slice_from_copied_buffer((const char *)key, key_length);
  grpc_slice value_slice = grpc_slice_from_copied_buffer((const char *)value, value_length);
  if (!grpc_header_key_is_legal(key_slice) ||
      (!grpc_is_binary_header(key_slice) && !grpc_header_nonbin_value_is_legal(value_slice))) {
    grpc_slice_unref(key_slice);
    grpc_slice_unref(value_slice);
    return false;
  }
  grpc_metadata *entry = &metadata->entries[metadata->count++];
  entry->key = key_slice;
  entry->value = value_slice;
  return true;
}

void pb_metadata_destroy(pb_metadata *metadata) {
  if (!metadata) return;
  for (size_t index = 0; index < metadata->count; index++) {
    grpc_slice_unref(metadata->entries[index].key);
    grpc_slice_unref(metadata->entries[index].value);
  }
  free(metadata);
}

// MARK: Messages

grpc_byte_buffer *pb_message_create(const void *bytes, size_t count) {
  grpc_slice slice = grpc_slice_from_copied_buffer(bytes, count);
  grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&slice, 1);
  grpc_slice_unref(slice);
  return message;
}

size_t pb_message_length(grpc_byte_buffer *message) { return grpc_byte_buffer_length(message); }

bool pb_message_is_compressed(const grpc_byte_buffer *message) {
  return message->data.raw.compression != GRPC_COMPRESS_NONE;
}

const void *pb_message_bytes(grpc_byte_buffer *message, size_t *count) {
  grpc_slice_buffer *slices = &message->data.raw.slice_buffer;
  if (slices->count > 1) {
    grpc_slice merged = grpc_slice_malloc(slices->length);
    uint8_t *end = GRPC_SLICE_START_PTR(merged);
    for (size_t index = 0; index < slices->count; index++) {
      size_t length = GRPC_SLICE_LENGTH(slices->slices[index]);
      memcpy(end, GRPC_SLICE_START_PTR(slices->slices[index]), length);
      end += length;
    }
    grpc_slice_buffer_reset_and_unref(slices);
    grpc_slice_buffer_add(slices, merged);
  }
  *count = slices->length;
  return slices->count == 0 ? NULL : GRPC_SLICE_START_PTR(slices->slices[0]);
}

void pb_message_destroy(grpc_byte_buffer *message) {
  if (message) grpc_byte_buffer_destroy(message);
}

// MARK: Server

grpc_server *pb_server_create(const pb_arguments *arguments) { return grpc_server_create(&arguments->list, NULL); }
void pb_server_register_queue(grpc_server *server, grpc_completion_queue *queue) {
  grpc_server_register_completion_queue(server, queue, NULL);
}
int32_t pb_server_listen(grpc_server *server, const char *address, grpc_server_credentials *credentials) {
  return grpc_server_add_http2_port(server, address, credentials);
}
void pb_server_start(grpc_server *server) { grpc_server_start(server); }
void pb_server_shutdown(grpc_server *server, grpc_completion_queue *queue, pb_tag *tag) {
  grpc_server_shutdown_and_notify(server, queue, tag);
}
void pb_server_cancel_all(grpc_server *server) { grpc_server_cancel_all_calls(server); }
void pb_server_destroy(grpc_server *server) { grpc_server_destroy(server); }

struct pb_slot {
  pb_tag tag;
  grpc_call *call;
  grpc_call_details details;
  grpc_metadata_array headers;
};

pb_slot *pb_slot_create(int32_t operation) {
  pb_slot *slot = pb_allocate(sizeof(*slot));
  slot->tag.operation = operation;
  grpc_call_details_init(&slot->details);
  grpc_metadata_array_init(&slot->headers);
  return slot;
}

void pb_slot_set_owner(pb_slot *slot, void *owner) { slot->tag.owner = owner; }

bool pb_slot_arm(pb_slot *slot, grpc_server *server, grpc_completion_queue *queue) {
  slot->call = NULL;
  return grpc_server_request_call(
           server, &slot->call, &slot->details, &slot->headers, queue, queue, &slot->tag) == GRPC_CALL_OK;
}

static pb_call *new_call(void) {
  pb_call *call = pb_allocate(sizeof(*call));
  grpc_metadata_array_init(&call->headers);
  grpc_metadata_array_init(&call->trailers);
  grpc_call_details_init(&call->details);
  call->status_message = grpc_empty_slice();
  return call;
}

pb_call *pb_slot_take(pb_slot *slot) {
  pb_call *call = new_call();
  call->call = slot->call;
  call->details = slot->details;
  call->headers = slot->headers;
  slot->call = NULL;
  grpc_call_details_init(&slot->details);
  grpc_metadata_array_init(&slot->headers);
  return call;
}

void pb_slot_destroy(pb_slot *slot) {
  grpc_call_details_destroy(&slot->details);
  grpc_metadata_array_destroy(&slot->headers);
  free(slot);
}

// MARK: Calls

pb_call *pb_call_create(
  grpc_channel *channel, grpc_completion_queue *queue, const char *path, size_t path_length, int64_t timeout) {
  gpr_timespec deadline = gpr_inf_future(GPR_CLOCK_REALTIME);
  if (timeout != INT64_MAX) {
    deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(timeout, GPR_TIMESPAN));
  }
  pb_call *call = new_call();
  call->details.deadline = deadline;
  grpc_slice method = grpc_slice_from_copied_buffer(path, path_length);
  call->call =
    grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue, method, NULL, deadline, NULL);
  grpc_slice_unref(method);
  return call;
}

void pb_call_set_owner(
  pb_call *call, void *owner, int32_t sent, int32_t received, int32_t closed, int32_t metadata_received) {
  call->sent = (pb_tag){.owner = owner, .operation = sent};
  call->received = (pb_tag){.owner = owner, .operation = received};
  call->closed = (pb_tag){.owner = owner, .operation = closed};
  call->metadata_received = (pb_tag){.owner = owner, .operation = metadata_received};
}

void pb_call_destroy(pb_call *call) {
  pb_message_destroy(call->outgoing);
  pb_message_destroy(call->incoming);
  pb_metadata_destroy(call->initial_metadata);
  pb_metadata_destroy(call->trailing_metadata);
  grpc_metadata_array_destroy(&call->headers);
  grpc_metadata_array_destroy(&call->trailers);
  grpc_call_details_destroy(&call->details);
  grpc_slice_unref(call->status_message);
  grpc_call_unref(call->call);
  free(call);
}

void pb_call_cancel(pb_call *call) { grpc_call_cancel(call->call, NULL); }
void pb_call_cancel_with_status(pb_call *call, int32_t code, const char *message) {
  grpc_call_cancel_with_status(call->call, (grpc_status_code)code, message, NULL);
}

static const char *slice_text(const grpc_slice *slice, size_t *length) {
  *length = GRPC_SLICE_LENGTH(*slice);
  return (const char *)GRPC_SLICE_START_PTR(*slice);
}

const char *pb_call_path(const pb_call *call, size_t *length) { return slice_text(&call->details.method, length); }
const char *pb_call_host(const pb_call *call, size_t *length) { return slice_text(&call->details.host, length); }

int64_t pb_call_time_remaining(const pb_call *call) {
  gpr_timespec deadline = call->details.deadline;
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return INT64_MAX;
  gpr_timespec now = gpr_now(deadline.clock_type);
  const int64_t furthest = 315360000;  // ten years of seconds: no overflow whatever the peer wrote
  int64_t seconds = deadline.tv_sec > now.tv_sec + furthest ? furthest : deadline.tv_sec - now.tv_sec;
  if (seconds < -furthest) seconds = -furthest;
  return seconds * 1000000000 + (deadline.tv_nsec - now.tv_nsec);
}

char *pb_call_peer(pb_call *call) { return grpc_call_get_peer(call->call); }
void pb_string_free(char *string) { gpr_free(string); }

size_t pb_call_metadata_count(const pb_call *call, bool trailing) {
  return trailing ? call->trailers.count : call->headers.count;
}

size_t pb_call_metadata_size(const pb_call *call) {
  size_t size = GRPC_SLICE_LENGTH(call->details.method) + GRPC_SLICE_LENGTH(call->details.host);
  for (size_t index = 0; index < call->headers.count; index++) {
    const grpc_metadata *entry = &call->headers.metadata[index];
    size += GRPC_SLICE_LENGTH(entry->key) + GRPC_SLICE_LENGTH(entry->value) + 32;
  }
  return size;
}

void pb_call_metadata_at(
  const pb_call *call, bool trailing, size_t index, const char **key, size_t *key_length, const uint8_t **value,
  size_t *value_length) {
  const grpc_metadata *entry = &(trailing ? &call->trailers : &call->headers)->metadata[index];
  *key = slice_text(&entry->key, key_length);
  *value = (const uint8_t *)slice_text(&entry->value, value_length);
}

bool pb_call_send(pb_call *call, const pb_send *send) {
  grpc_op ops[3];
  memset(ops, 0, sizeof(ops));
  size_t count = 0;
  if (send->initial_metadata) {
    pb_metadata_destroy(call->initial_metadata);
    call->initial_metadata = send->initial_metadata;
  }
  if (send->trailing_metadata) {
    pb_metadata_destroy(call->trailing_metadata);
    call->trailing_metadata = send->trailing_metadata;
  }
  pb_message_destroy(call->outgoing);
  call->outgoing = send->message;
  if (send->headers) {
    grpc_op *op = &ops[count++];
    op->op = GRPC_OP_SEND_INITIAL_METADATA;
    if (send->wait_for_ready) {
      op->flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY | GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET;
    }
    if (call->initial_metadata) {
      op->data.send_initial_metadata.count = call->initial_metadata->count;
      op->data.send_initial_metadata.metadata = call->initial_metadata->entries;
    }
  }
  if (send->message) {
    grpc_op *op = &ops[count++];
    op->op = GRPC_OP_SEND_MESSAGE;
    // Never GRPC_WRITE_BUFFER_HINT: with a queue over the write buffer's size the stream stalls until the next ping.
    op->flags = GRPC_WRITE_NO_COMPRESS;
    op->data.send_message.send_message = send->message;
  }
  grpc_slice details = grpc_empty_slice();
  if (send->half_close) {
    ops[count++].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
  } else if (send->finish) {
    details = grpc_slice_from_copied_buffer(send->status_message, send->status_message_length);
    grpc_op *op = &ops[count++];
    op->op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    op->data.send_status_from_server.status = (grpc_status_code)send->status;
    op->data.send_status_from_server.status_details = &details;
    if (call->trailing_metadata) {
      op->data.send_status_from_server.trailing_metadata_count = call->trailing_metadata->count;
      op->data.send_status_from_server.trailing_metadata = call->trailing_metadata->entries;
    }
  }
  grpc_call_error result = grpc_call_start_batch(call->call, ops, count, &call->sent, NULL);
  grpc_slice_unref(details);
  return result == GRPC_CALL_OK;
}

static bool start_one(pb_call *call, const grpc_op *op, pb_tag *tag) {
  return grpc_call_start_batch(call->call, op, 1, tag, NULL) == GRPC_CALL_OK;
}

bool pb_call_receive_message(pb_call *call) {
  grpc_op op;
  memset(&op, 0, sizeof(op));
  op.op = GRPC_OP_RECV_MESSAGE;
  op.data.recv_message.recv_message = &call->incoming;
  return start_one(call, &op, &call->received);
}

grpc_byte_buffer *pb_call_take_message(pb_call *call) {
  grpc_byte_buffer *message = call->incoming;
  call->incoming = NULL;
  return message;
}

bool pb_call_receive_failed(const pb_call *call) { return grpc_call_failed_before_recv_message(call->call) != 0; }

bool pb_call_receive_close(pb_call *call) {
  grpc_op op;
  memset(&op, 0, sizeof(op));
  op.op = GRPC_OP_RECV_CLOSE_ON_SERVER;
  op.data.recv_close_on_server.cancelled = &call->cancelled;
  return start_one(call, &op, &call->closed);
}

bool pb_call_was_cancelled(const pb_call *call) { return call->cancelled != 0; }

bool pb_call_receive_initial_metadata(pb_call *call) {
  grpc_op op;
  memset(&op, 0, sizeof(op));
  op.op = GRPC_OP_RECV_INITIAL_METADATA;
  op.data.recv_initial_metadata.recv_initial_metadata = &call->headers;
  return start_one(call, &op, &call->metadata_received);
}

bool pb_call_receive_status(pb_call *call) {
  grpc_op op;
  memset(&op, 0, sizeof(op));
  op.op = GRPC_OP_RECV_STATUS_ON_CLIENT;
  op.data.recv_status_on_client.trailing_metadata = &call->trailers;
  op.data.recv_status_on_client.status = &call->status;
  op.data.recv_status_on_client.status_details = &call->status_message;
  return start_one(call, &op, &call->closed);
}

int32_t pb_call_status(const pb_call *call) { return (int32_t)call->status; }
const char *pb_call_status_message(const pb_call *call, size_t *length) {
  return slice_text(&call->status_message, length);
}

// The flag byte of a message that says "compressed" while the headers name no compression does not reach the
// application in any public way: the core hands the bytes over as if they were plain. This function of the core's own
// tests tells. Weak, so that a core without it costs us this check and not the link.
extern uint32_t core_message_flags(grpc_call *call)
  __asm__("_Z37grpc_call_test_only_get_message_flagsP9grpc_call") __attribute__((weak));

bool pb_call_message_was_marked_compressed(const pb_call *call) {
  const uint32_t compressed = 0x80000000u;  // GRPC_WRITE_INTERNAL_COMPRESS
  return core_message_flags && (core_message_flags(call->call) & compressed) != 0;
}

bool pb_call_message_was_too_long(const pb_call *call) {
  return core_message_flags && (core_message_flags(call->call) & PB_MESSAGE_TOO_LONG) != 0;
}

// MARK: Channel

grpc_channel *pb_channel_create(
  const char *target, grpc_channel_credentials *credentials, const pb_arguments *arguments) {
  return grpc_channel_create(target, credentials, &arguments->list);
}
void pb_channel_destroy(grpc_channel *channel) { grpc_channel_destroy(channel); }
