#include <sys/prctl.h>

/// `prctl` is variadic, which Swift cannot call. Forbids core dumps and reading the process's memory.
static inline int cprocess_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
