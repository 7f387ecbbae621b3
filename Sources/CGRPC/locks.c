#define _GNU_SOURCE
#include "core.h"

#include <dlfcn.h>

// The core's locks are those of Abseil, which Debian builds with its search for deadlocks: each lock and each unlock
// enters a graph of all the locks that the process holds, behind one more lock that all threads share, and a circle in it
// aborts the process. That is a tenth of what a frame costs, and no use to a server: here it is left out, by Abseil's
// own switch. Where the library is another, it stays as it is.
#define DEADLOCK_DETECTION "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE"

void pb_leave_out_deadlock_search(void) {
  enum { IGNORE = 0 };
  void (*set_mode)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, DEADLOCK_DETECTION);
  if (set_mode) set_mode(IGNORE);
}
