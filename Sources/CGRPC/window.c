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
#endif
