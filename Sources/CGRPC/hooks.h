// Where functions inside the C core are stood in for.
//
// Debian's 1.51.1 gets no security updates, and its channel arguments reach neither its listener's accept loop nor its
// frame parser. The core's own shared library calls these functions through its procedure linkage table, so one of the
// same name in the executable comes first. That is done only where the loaded library is one exact build (by its GNU
// build-id), whose code these files were written and tested against. With any other build, each of these functions is a
// jump to the core's own: the core then works as if these files were not there.
#ifndef PATCHBAY_HOOKS_H
#define PATCHBAY_HOOKS_H

#include "core.h"

#include <netinet/in.h>

#if defined(__x86_64__) && defined(__linux__)
#define PB_HOOKS 1

// Names a function of the core and jumps to what `target` holds: it passes on any arguments and any result.
#define PB_HOOK(symbol, target)                                                                                     \
  void *target;                                                                                                     \
  __asm__(".pushsection .text\n.globl " symbol "\n.type " symbol ", @function\n" symbol                             \
          ":\n.byte 0xf3, 0x0f, 0x1e, 0xfa\njmp *" #target "(%rip)\n.size " symbol ", . - " symbol "\n.popsection\n")

#define PB_TARGET_WINDOW "_ZNK9grpc_core6chttp220TransportFlowControl13target_windowEv"
#define PB_UPDATE_ACTION "_ZN9grpc_core6chttp217StreamFlowControl12UpdateActionENS0_17FlowControlActionE"
#define PB_DESIRED_SIZE "_ZNK9grpc_core6chttp217StreamFlowControl19DesiredAnnounceSizeEv"
#define PB_DEFRAME                                                                                                  \
  "_Z40grpc_deframe_unprocessed_incoming_framesP18grpc_chttp2_streamPlPN9grpc_core11SliceBufferEPj"
#define PB_PERFORM_READ "_Z24grpc_chttp2_perform_readP21grpc_chttp2_transportRK10grpc_slice"
#define PB_TRANSPORT_CREATE "_Z28grpc_create_chttp2_transportRKN9grpc_core11ChannelArgsEP13grpc_endpointb"
#define PB_TRANSPORT_DESTROY "_ZN21grpc_chttp2_transportD1Ev"
#define PB_ACCEPT "_Z12grpc_accept4iP21grpc_resolved_addressii"
#define PB_PING_BEGIN "_Z35grpc_chttp2_ping_parser_begin_frameP23grpc_chttp2_ping_parserjh"
#define PB_ENDPOINT_PEER "_Z22grpc_endpoint_get_peerP13grpc_endpoint"

extern void *pb_target_window_target __attribute__((visibility("hidden")));
extern void *pb_update_action_target __attribute__((visibility("hidden")));
extern void *pb_deframe_target __attribute__((visibility("hidden")));
extern void *pb_perform_read_target __attribute__((visibility("hidden")));
extern void *pb_transport_create_target __attribute__((visibility("hidden")));
extern void *pb_transport_destroy_target __attribute__((visibility("hidden")));
extern void *pb_accept_target __attribute__((visibility("hidden")));

// What the core is about to do about windows. The first byte is about the stream's: 1 is to announce it in a write of its
// own, 2 with the next write.
typedef struct pb_flow_action {
  uint8_t stream, others[7];
  uint32_t more;
} pb_flow_action;

// The core's own functions; set before `main`.
typedef struct pb_core_functions {
  int64_t (*target_window)(const void *flow_control);
  pb_flow_action (*update_action)(void *stream, pb_flow_action action);
  int64_t (*desired_size)(const void *stream);
  // Of these two the first argument is where their result goes, which they give back.
  void *(*deframe)(void *result, void *stream, int64_t *min_progress, void *message, uint32_t *flags);
  void *(*perform_read)(void *result, void *transport, const grpc_slice *slice);
  void *(*ping_begin)(void *result, void *parser, uint32_t length, uint8_t flags);
  void *(*transport_create)(const void *arguments, void *endpoint, bool is_client);
  void (*transport_destroy)(void *transport);
  int (*accept)(int listener, void *address, int nonblock, int cloexec);
  void *endpoint_peer;
} pb_core_functions;
extern pb_core_functions pb_core;

// What stands in, each in a file of its own.
int64_t pb_target_window(const void *flow_control);
pb_flow_action pb_update_action(void *stream, pb_flow_action action);
void *pb_deframe(void *result, void *stream, int64_t *min_progress, void *message, uint32_t *flags);
void *pb_perform_read(void *result, void *transport, const grpc_slice *slice);
void *pb_transport_create(const void *arguments, void *endpoint, bool is_client);
void pb_transport_destroy(void *transport);
int pb_accept(int listener, void *address, int nonblock, int cloexec);

// Whether a connection of the core's is one that we made ourselves.
bool pb_is_client(const void *transport);
#endif

// Adds to the counters that `pb_guard_counts` reports.
void pb_guard_count_closed(int32_t rule);

// A source whose connection broke the rules of frames is refused for a while.
void pb_admission_punish(const char *peer);

#endif
