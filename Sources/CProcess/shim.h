#include <malloc.h>
#include <spawn.h>
#include <sys/prctl.h>

/// `prctl` is variadic, which Swift cannot call. Forbids core dumps and reading the process's memory.
static inline int cprocess_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// Gives memory that is free in the heap back to the system.
static inline void cprocess_trim_memory(void) { malloc_trim(0); }

/// Closes in the new process what is open from this descriptor on. glibc has it under `_GNU_SOURCE` alone.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
static inline int cprocess_close_from(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}
