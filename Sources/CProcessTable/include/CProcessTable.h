#ifndef PATCHBAY_CPROCESSTABLE_H
#define PATCHBAY_CPROCESSTABLE_H

#include <stdbool.h>
#include <stdint.h>

// What the processes of one server share, in memory that is mapped by all: who runs, and who has which conversation.
// Every function may be called by any thread of any of them.

typedef struct pt_table pt_table;

enum {
  PT_PROCESSES = 64,  // processes at most
  PT_SECRET = 65,     // with the closing zero
  PT_PATH = 80,       // with the closing zero
};

// What a process says of itself.
enum { PT_GONE, PT_STARTING, PT_READY, PT_UNREADY, PT_DRAINING, PT_DRAINED };

// What all are told by the supervisor before the first starts.
typedef struct pt_plan {
  uint32_t processes;
  uint16_t port;            // of the gRPC listener
  uint16_t socket_port;     // of the WebSocket listener, 0 where there is none
  char secret[PT_SECRET];   // what they tell each other by
  char folder[PT_PATH];     // of their sockets and reports
} pt_plan;

// Who has a conversation, and how often it has had an owner: 0 is nobody.
typedef struct pt_record {
  uint64_t epoch;
  uint64_t generation;  // the run of the process
  uint32_t process;
  uint32_t turns;
} pt_record;

// How an operation on a record ended.
enum {
  PT_OTHER,   // another process has it
  PT_OWN,     // the caller has it
  PT_NOBODY,  // nobody has it, and nothing was written
  PT_FULL,    // there is no room for it
  PT_BUSY,    // another process holds its part of the table for too long
};

// Makes the memory, with room for at least so many records. Returns its descriptor, -1 with errno.
int pt_create(const pt_plan *plan, uint64_t records);
// Maps it; NULL with errno. EINVAL: this is no table, or another version's.
pt_table *pt_open(int descriptor);
void pt_close(pt_table *table);
const pt_plan *pt_get_plan(const pt_table *table);

// The supervisor's: a run of a process begins or is over. 0 is no run.
uint64_t pt_begin(pt_table *table, uint32_t process);
void pt_end(pt_table *table, uint32_t process);

// A process's own word, and what others read of it. Times are nanoseconds of CLOCK_BOOTTIME.
void pt_tell(pt_table *table, uint32_t process, uint32_t state, uint16_t port, uint16_t admin_port, uint32_t live);
void pt_beat(pt_table *table, uint32_t process);
uint64_t pt_generation(const pt_table *table, uint32_t process);
uint32_t pt_state(const pt_table *table, uint32_t process);
uint16_t pt_port(const pt_table *table, uint32_t process);
uint16_t pt_admin_port(const pt_table *table, uint32_t process);
uint32_t pt_live(const pt_table *table, uint32_t process);
// Nanoseconds since it last said that it lives; INT64_MAX for one that does not run.
int64_t pt_silence(const pt_table *table, uint32_t process);

// Finds the owner of a conversation or makes the claimant it. The epoch `adopting` is that of an owner that is known to
// be gone, 0 where none is. A record of a run that is over is taken over too. `record` is what is in force then.
int pt_claim(
  pt_table *table, const void *key, uint64_t length, pt_record claimant, uint64_t adopting, bool only_finds,
  pt_record *record);
// Writes the owner's record again, with its turns: PT_OTHER where another has it with this epoch or a higher one,
// PT_NOBODY where it was written (epoch > 0) and is not there: a later owner has released it. A fencing one gives it
// the next epoch: who has found the owner gone with the epoch before does not get it any more.
int pt_renew(
  pt_table *table, const void *key, uint64_t length, pt_record own, bool is_fencing, pt_record *record);
// Forgets the record where it is the owner's.
int pt_release(pt_table *table, const void *key, uint64_t length, pt_record own);

#endif
