#include <malloc.h>
#include <sys/prctl.h>

/// `prctl` is variadic, which Swift cannot call. Forbids core dumps and reading the process's memory.
static inline int cprocess_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// Gives memory that is free in the heap back to the system.
static inline void cprocess_trim_memory(void) { malloc_trim(0); }
