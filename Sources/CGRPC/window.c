#include "hooks.h"

// The connection's window, which all of its streams share, is in this core no larger than one stream's unless it probes
// the bandwidth, and that grows every stream's window too. At 64 KB a caller's network of 250 ms of round trip carries
// 256 KB a second: 25 calls. What it holds is read at once and kept within the windows of its streams, so a larger one
// costs no memory: 300 calls of 16-bit audio at 16 kHz need 2.4 MB at 250 ms, and the core announces the rest of the
// window when half of it is used.
enum { LEAST_CONNECTION_WINDOW = 4 << 20 };

#ifdef PB_HOOKS
int64_t pb_target_window(const void *flow_control) {
  int64_t window = pb_core.target_window(flow_control);
  return window < LEAST_CONNECTION_WINDOW ? LEAST_CONNECTION_WINDOW : window;
}

// Where a stream's reader waits, this core announces each byte that it has read at once, in a write of its own: two
// frames and a system call for each 20 ms of audio. Its later versions wait until half of the window is used, or until a
// message needs more than there is of it: so does this. What is announced then is the same.
enum { TRANSPORT_WINDOW = 0xc8, LEAST_HURRY = 8192 };

typedef struct {
  const char *transport;
  int64_t min_progress, remote_delta, announced_delta;
} stream_flow_control;

pb_flow_action pb_update_action(void *stream, pb_flow_action action) {
  enum { AT_ONCE = 1, WITH_NEXT_WRITE = 2 };
  pb_flow_action result = pb_core.update_action(stream, action);
  if (result.stream != AT_ONCE) return result;
  stream_flow_control flow;
  memcpy(&flow, stream, sizeof(flow));
  int64_t window;
  memcpy(&window, flow.transport + TRANSPORT_WINDOW, sizeof(window));
  int64_t half = window / 2, hurry = half > LEAST_HURRY ? half : LEAST_HURRY;
  if (window > 0 && flow.announced_delta > -half && pb_core.desired_size(stream) <= hurry) {
    result.stream = WITH_NEXT_WRITE;
  }
  return result;
}
#endif
