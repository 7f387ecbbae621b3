// The C core of gRPC as typed functions that Swift can call.
//
// This header includes none of gRPC's: gRPC's objects are incomplete types here, so that their feature macros never
// reach a Swift module, and unions, macros and variadic functions stay in the C files.
#ifndef PATCHBAY_CGRPC_H
#define PATCHBAY_CGRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct grpc_completion_queue grpc_completion_queue;
typedef struct grpc_server grpc_server;
typedef struct grpc_channel grpc_channel;
typedef struct grpc_byte_buffer grpc_byte_buffer;
typedef struct grpc_server_credentials grpc_server_credentials;
typedef struct grpc_channel_credentials grpc_channel_credentials;

// MARK: Library

/// Counted: the last `pb_library_release` ends the library.
void pb_library_retain(void);
void pb_library_release(void);

/// Receives the library's log lines, on any of its threads. `severity`: 0 debug, 1 info, 2 error.
typedef void (*pb_log_function)(int32_t severity, const char *file, int32_t line, const char *message);
void pb_log_install(pb_log_function function, int32_t minimum_severity);

// MARK: The guard

/// Whether functions inside the C core are stood in for: only with the exact build that this was written for. Without,
/// nothing below but the functions of counting has an effect.
bool pb_guard_is_active(void);
/// The version of the loaded library.
const char *pb_core_version(void);

/// Bytes that a message may declare; one that declares more than was ever allowed ends its RPC when its prefix arrives.
/// For the process. Until it is called for a direction, that direction has no bound.
void pb_guard_allow_messages(bool from_clients, int64_t bytes);

/// What a connection is closed for.
enum {
  PB_RULE_CONTROL_FRAMES = 1,
  PB_RULE_WINDOW_UPDATES = 2,
  PB_RULE_RESETS = 3,
  PB_RULE_NEW_STREAMS = 4,
  PB_RULE_GOAWAYS = 5,
  PB_RULE_HEADER_BLOCK = 6,
  PB_RULE_DATA = 7,
  PB_FRAME_RULES = 8,
};
const char *pb_frame_rule_text(int32_t rule);
/// How many connections were closed for it.
uint64_t pb_guard_closed(int32_t rule);

/// What is allowed of the frames of one connection, in the direction to us. Bytes and a clock in, the broken rule out.
typedef struct pb_frame_rules pb_frame_rules;
pb_frame_rules *pb_frame_rules_create(bool from_client, int64_t now);
/// 0, or the rule that was broken first.
int32_t pb_frame_rules_read(pb_frame_rules *rules, const uint8_t *bytes, size_t count, int64_t now);
void pb_frame_rules_destroy(pb_frame_rules *rules);

typedef struct pb_connection_limits {
  uint32_t connections;
  uint32_t per_source;
  uint32_t per_second;
} pb_connection_limits;

/// An address and how many of its first bits count; IPv4 as `::ffff:a.b.c.d`, so with 96 bits more.
typedef struct pb_address_range {
  uint8_t bytes[16];
  uint32_t bits;
} pb_address_range;

/// For the process. Sources in a range are exempt from the limits a source and a second.
void pb_admission_configure(const pb_connection_limits *limits, const pb_address_range *trusted, size_t count);
/// The local port from which the process calls itself: exempt from every limit.
void pb_admission_exempt(uint16_t port);

/// Why a connection is refused.
enum {
  PB_REFUSED_TOTAL = 0,
  PB_REFUSED_SOURCE = 1,
  PB_REFUSED_RATE = 2,
  PB_REFUSED_DESCRIPTORS = 3,
  PB_REFUSED_PUNISHED = 4,
  PB_REFUSALS = 5,
};
const char *pb_refusal_text(int32_t reason);
uint64_t pb_admission_refused(int32_t reason);
/// How many accepted connections are open.
uint32_t pb_admission_open(void);
/// When a connection was last refused for want of descriptors, in nanoseconds of `pb_now`; 0: never.
int64_t pb_admission_ran_out(void);

// MARK: Asking a listener

enum { PB_PROBE_ALIVE = 0, PB_PROBE_FAILED = 1 };
/// Connects to an address of this machine and makes a real RPC, a health Check, on a new connection. Blocks for
/// `timeout` milliseconds at most. A TLS handshake that asks for a client's certificate is an answer too.
/// `problem` gets what failed, in words.
int32_t pb_probe(
  const char *host, const char *port, bool tls, int32_t timeout, char *problem, size_t problem_length);

// MARK: Threads

/// Nanoseconds of CLOCK_MONOTONIC, which is also gRPC's monotonic clock.
int64_t pb_now(void);

/// Starts a joinable thread with all asynchronous signals blocked. 0, or an errno.
int32_t pb_thread_start(const char *name, void (*body)(void *), void *context, uint64_t *thread);
void pb_thread_join(uint64_t thread);
void pb_thread_detach(uint64_t thread);

/// The loop that owns the calling thread, or NULL.
void *pb_current_loop(void);
void pb_set_current_loop(void *loop);

// MARK: Completion queue

/// What an operation's tag points to. It has to outlive the operation.
typedef struct pb_tag {
  void *owner;
  int32_t operation;
} pb_tag;

enum { PB_EVENT_COMPLETED = 0, PB_EVENT_TIMEOUT = 1, PB_EVENT_SHUTDOWN = 2 };

typedef struct pb_event {
  void *owner;
  int32_t operation;
  int32_t kind;
  bool ok;
} pb_event;

grpc_completion_queue *pb_queue_create(void);
/// `deadline`: nanoseconds of `pb_now`, INT64_MAX for none, 0 to poll.
pb_event pb_queue_next(grpc_completion_queue *queue, int64_t deadline);
void pb_queue_shutdown(grpc_completion_queue *queue);
void pb_queue_destroy(grpc_completion_queue *queue);

/// Wakes a queue's thread: an empty batch on a call of a lame channel, since the C core has no public alarm.
typedef struct pb_wake pb_wake;
pb_wake *pb_wake_create(grpc_completion_queue *queue, int32_t operation);
void pb_wake_post(pb_wake *wake);
void pb_wake_destroy(pb_wake *wake);

// MARK: Channel arguments

typedef struct pb_arguments pb_arguments;
pb_arguments *pb_arguments_create(size_t capacity);
void pb_arguments_add_integer(pb_arguments *arguments, const char *key, int32_t value);
void pb_arguments_add_string(pb_arguments *arguments, const char *key, const char *value);
void pb_arguments_destroy(pb_arguments *arguments);

// MARK: Credentials

grpc_server_credentials *pb_server_credentials_plaintext(void);
void pb_server_credentials_release(grpc_server_credentials *credentials);

/// What a certificate source hands over; the strings are copied before the function returns.
typedef struct pb_certificate_sink pb_certificate_sink;
void pb_certificate_deliver(pb_certificate_sink *sink, const char *client_roots, const char *key, const char *chain);
enum { PB_CERTIFICATE_UNCHANGED = 0, PB_CERTIFICATE_NEW = 1, PB_CERTIFICATE_FAILED = 2 };
/// Called at the start and at every handshake, on whatever thread runs the handshake.
typedef int32_t (*pb_certificate_source)(void *context, pb_certificate_sink *sink);
/// One function for all listeners; the context tells them apart.
void pb_certificate_source_install(pb_certificate_source source);
enum { PB_CLIENT_CERTIFICATE_NONE = 0, PB_CLIENT_CERTIFICATE_OPTIONAL = 1, PB_CLIENT_CERTIFICATE_REQUIRED = 2 };
/// `context` has to outlive the server that listens with these credentials.
grpc_server_credentials *pb_server_credentials_tls(int32_t client_certificate, void *context);

grpc_channel_credentials *pb_channel_credentials_plaintext(void);
/// `key` and `chain` may both be NULL.
grpc_channel_credentials *pb_channel_credentials_tls(const char *roots, const char *key, const char *chain);
void pb_channel_credentials_release(grpc_channel_credentials *credentials);

// MARK: Metadata

typedef struct pb_metadata pb_metadata;
pb_metadata *pb_metadata_create(size_t capacity);
/// False, and nothing added, where the core would refuse the key or the value.
bool pb_metadata_add(
  pb_metadata *metadata, const uint8_t *key, size_t key_length, const uint8_t *value, size_t value_length);
void pb_metadata_destroy(pb_metadata *metadata);

// MARK: Messages

/// Copies the bytes once.
grpc_byte_buffer *pb_message_create(const void *bytes, size_t count);
size_t pb_message_length(grpc_byte_buffer *message);
bool pb_message_is_compressed(const grpc_byte_buffer *message);
/// The message as one stretch of memory, valid until it is destroyed: the received slice itself where there is one.
const void *pb_message_bytes(grpc_byte_buffer *message, size_t *count);
void pb_message_destroy(grpc_byte_buffer *message);

// MARK: Server

grpc_server *pb_server_create(const pb_arguments *arguments);
void pb_server_register_queue(grpc_server *server, grpc_completion_queue *queue);
/// The bound port, or 0.
int32_t pb_server_listen(grpc_server *server, const char *address, grpc_server_credentials *credentials);
void pb_server_start(grpc_server *server);
void pb_server_shutdown(grpc_server *server, grpc_completion_queue *queue, pb_tag *tag);
void pb_server_cancel_all(grpc_server *server);
void pb_server_destroy(grpc_server *server);

// MARK: Calls

/// One RPC of either side with the memory that its operations write to. Each operation has one preallocated tag.
typedef struct pb_call pb_call;

/// A place for the next RPC of a server; armed again after each.
typedef struct pb_slot pb_slot;
pb_slot *pb_slot_create(int32_t operation);
void pb_slot_set_owner(pb_slot *slot, void *owner);
bool pb_slot_arm(pb_slot *slot, grpc_server *server, grpc_completion_queue *queue);
/// Moves what arrived into a call of its own.
pb_call *pb_slot_take(pb_slot *slot);
void pb_slot_destroy(pb_slot *slot);

/// `timeout`: nanoseconds from now, INT64_MAX for none.
pb_call *pb_call_create(
  grpc_channel *channel, grpc_completion_queue *queue, const char *path, size_t path_length, int64_t timeout);
/// The tags' contents: the owner, and a number for each kind of operation.
void pb_call_set_owner(
  pb_call *call, void *owner, int32_t sent, int32_t received, int32_t closed, int32_t metadata_received);
void pb_call_destroy(pb_call *call);
void pb_call_cancel(pb_call *call);
void pb_call_cancel_with_status(pb_call *call, int32_t code, const char *message);

const char *pb_call_path(const pb_call *call, size_t *length);
const char *pb_call_host(const pb_call *call, size_t *length);
/// Nanoseconds from now until the deadline, negative when it has passed, INT64_MAX for none.
int64_t pb_call_time_remaining(const pb_call *call);
/// The transport's address of the other side; free with `pb_string_free`.
char *pb_call_peer(pb_call *call);
void pb_string_free(char *string);

/// What the request's headers count for in HTTP/2's terms (RFC 9113, 6.5.2): 32 bytes a field more than their text.
size_t pb_call_metadata_size(const pb_call *call);
/// Received metadata: request headers on a server, headers (`trailing` false) or trailers on a client.
size_t pb_call_metadata_count(const pb_call *call, bool trailing);
void pb_call_metadata_at(
  const pb_call *call, bool trailing, size_t index, const char **key, size_t *key_length, const uint8_t **value,
  size_t *value_length);

/// What goes out in one batch; NULL and false for what does not. Message and metadata become the call's.
typedef struct pb_send {
  bool headers;
  bool wait_for_ready;  // clients: a lost or refused connection does not fail the call
  bool half_close;  // clients
  bool finish;      // servers
  pb_metadata *initial_metadata;
  pb_metadata *trailing_metadata;
  grpc_byte_buffer *message;
  int32_t status;
  const char *status_message;
  size_t status_message_length;
} pb_send;
bool pb_call_send(pb_call *call, const pb_send *send);

bool pb_call_receive_message(pb_call *call);
/// The last message declared more than `pb_guard_allow_messages` allows; what was handed over is empty.
bool pb_call_message_was_too_long(const pb_call *call);
/// The message that arrived, now the caller's; NULL at the end of the stream.
grpc_byte_buffer *pb_call_take_message(pb_call *call);
/// The flag byte of the last message said that it is compressed, whatever the headers say.
bool pb_call_message_was_marked_compressed(const pb_call *call);
/// After a NULL message: the stream broke instead of ending.
bool pb_call_receive_failed(const pb_call *call);
bool pb_call_receive_close(pb_call *call);
/// After the close: whether the call ended in any other way than by the status we sent.
bool pb_call_was_cancelled(const pb_call *call);
bool pb_call_receive_initial_metadata(pb_call *call);
bool pb_call_receive_status(pb_call *call);
int32_t pb_call_status(const pb_call *call);
const char *pb_call_status_message(const pb_call *call, size_t *length);

/// Calls `each` for every property of the peer's verified certificate that has this name.
void pb_call_peer_properties(
  pb_call *call, const char *name, void (*each)(void *context, const char *value, size_t length), void *context);
/// The peer showed a certificate that the transport verified.
bool pb_call_peer_is_authenticated(pb_call *call);

// MARK: Channel

grpc_channel *pb_channel_create(
  const char *target, grpc_channel_credentials *credentials, const pb_arguments *arguments);
void pb_channel_destroy(grpc_channel *channel);

#endif
