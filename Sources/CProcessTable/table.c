#define _GNU_SOURCE
#include "CProcessTable.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// Records are found by a keyed hash of 128 bits (SipHash), so that nobody outside can choose ids that collide. Each
// part of the table has a lock of its own, held for a few memory accesses. A process that dies with it leaves it to the
// next, and what it was writing has the epoch last.

enum { SHARDS = 64, WINDOW = 32 };
static const uint64_t magic = 0x31656c6261746270;
static const int64_t patience = 20000000;                     // nanoseconds that a lock is waited for
static const int64_t life = 15ll * 60 * 1000 * 1000 * 1000;  // of a record that nobody renews

typedef struct slot {
  uint64_t hash[2];
  uint64_t epoch;  // 0: free
  uint64_t generation;
  int64_t touched;
  uint32_t process;
  uint32_t turns;
} slot;

typedef struct process {
  _Atomic uint64_t generation;
  _Atomic int64_t beat;
  _Atomic uint32_t state;
  _Atomic uint32_t port;
  _Atomic uint32_t admin_port;
  _Atomic uint32_t live;
} __attribute__((aligned(64))) process;

typedef struct shard {
  pthread_mutex_t lock;
} __attribute__((aligned(64))) shard;

typedef struct header {
  uint64_t magic;
  uint64_t slots_per_shard;  // a power of two, at least WINDOW
  uint64_t hash_key[2];
  _Atomic uint64_t generations;
  pt_plan plan;
  process processes[PT_PROCESSES];
  shard shards[SHARDS];
} header;

struct pt_table {
  header *header;
  slot *slots;
  uint64_t size;
};

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint64_t slots_at(void) { return (sizeof(header) + 4095) / 4096 * 4096; }

int pt_create(const pt_plan *plan, uint64_t records) {
  if (plan->processes == 0 || plan->processes > PT_PROCESSES) return errno = EINVAL, -1;
  uint64_t per_shard = WINDOW;
  // A quarter full at most: a record's window is never full by chance.
  while (per_shard * SHARDS < records * 4 && per_shard < (1u << 18)) per_shard *= 2;
  uint64_t size = slots_at() + per_shard * SHARDS * sizeof(slot);
  int descriptor = memfd_create("patchbay", MFD_CLOEXEC);
  if (descriptor < 0) return -1;
  header *made = MAP_FAILED;
  if (ftruncate(descriptor, (off_t)size) == 0)
    made = mmap(NULL, sizeof(header), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (made == MAP_FAILED || getrandom(made->hash_key, sizeof(made->hash_key), 0) != sizeof(made->hash_key)) {
    int problem = errno;
    if (made != MAP_FAILED) munmap(made, sizeof(header));
    close(descriptor);
    return errno = problem, -1;
  }
  made->slots_per_shard = per_shard;
  made->plan = *plan;
  pthread_mutexattr_t shared;
  pthread_mutexattr_init(&shared);
  pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST);
  for (int i = 0; i < SHARDS; i++) pthread_mutex_init(&made->shards[i].lock, &shared);
  pthread_mutexattr_destroy(&shared);
  made->magic = magic;
  munmap(made, sizeof(header));
  return descriptor;
}

pt_table *pt_open(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return NULL;
  uint64_t size = (uint64_t)status.st_size;
  if (!S_ISREG(status.st_mode) || size < slots_at()) return errno = EINVAL, NULL;
  header *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) return NULL;
  pt_table *table = malloc(sizeof(*table));
  if (!table || mapped->magic != magic || size < slots_at() + mapped->slots_per_shard * SHARDS * sizeof(slot)) {
    free(table);
    munmap(mapped, size);
    return errno = EINVAL, NULL;
  }
  *table = (pt_table){.header = mapped, .slots = (slot *)((char *)mapped + slots_at()), .size = size};
  return table;
}

void pt_close(pt_table *table) {
  munmap(table->header, table->size);
  free(table);
}

const pt_plan *pt_get_plan(const pt_table *table) { return &table->header->plan; }

// Processes

uint64_t pt_begin(pt_table *table, uint32_t number) {
  process *process = &table->header->processes[number % PT_PROCESSES];
  uint64_t generation = ++table->header->generations;
  process->state = PT_STARTING;
  process->port = 0;
  process->admin_port = 0;
  process->live = 0;
  process->beat = now();
  process->generation = generation;
  return generation;
}

void pt_end(pt_table *table, uint32_t number) {
  process *process = &table->header->processes[number % PT_PROCESSES];
  process->generation = 0;
  process->state = PT_GONE;
  process->admin_port = 0;
  process->live = 0;
}

void pt_tell(pt_table *table, uint32_t number, uint32_t state, uint16_t port, uint16_t admin_port, uint32_t live) {
  process *process = &table->header->processes[number % PT_PROCESSES];
  process->port = port;
  process->admin_port = admin_port;
  process->live = live;
  process->state = state;
}

void pt_beat(pt_table *table, uint32_t number) { table->header->processes[number % PT_PROCESSES].beat = now(); }

uint64_t pt_generation(const pt_table *table, uint32_t number) {
  return table->header->processes[number % PT_PROCESSES].generation;
}

uint32_t pt_state(const pt_table *table, uint32_t number) {
  return table->header->processes[number % PT_PROCESSES].state;
}

uint16_t pt_port(const pt_table *table, uint32_t number) {
  return (uint16_t)table->header->processes[number % PT_PROCESSES].port;
}

uint16_t pt_admin_port(const pt_table *table, uint32_t number) {
  return (uint16_t)table->header->processes[number % PT_PROCESSES].admin_port;
}

uint32_t pt_live(const pt_table *table, uint32_t number) {
  return table->header->processes[number % PT_PROCESSES].live;
}

int64_t pt_silence(const pt_table *table, uint32_t number) {
  process *process = &table->header->processes[number % PT_PROCESSES];
  return process->generation == 0 ? INT64_MAX : now() - process->beat;
}

// Records

static uint64_t rotated(uint64_t word, int bits) { return word << bits | word >> (64 - bits); }

static void sip_round(uint64_t v[4]) {
  v[0] += v[1], v[1] = rotated(v[1], 13) ^ v[0], v[0] = rotated(v[0], 32);
  v[2] += v[3], v[3] = rotated(v[3], 16) ^ v[2];
  v[0] += v[3], v[3] = rotated(v[3], 21) ^ v[0];
  v[2] += v[1], v[1] = rotated(v[1], 17) ^ v[2], v[2] = rotated(v[2], 32);
}

// SipHash-2-4 with an output of 128 bits.
static void sip_hash(const uint64_t key[2], const uint8_t *bytes, uint64_t length, uint64_t out[2]) {
  uint64_t v[4] = {
    0x736f6d6570736575 ^ key[0], 0x646f72616e646f6d ^ key[1] ^ 0xee, 0x6c7967656e657261 ^ key[0],
    0x7465646279746573 ^ key[1]};
  for (uint64_t at = 0;; at += 8) {
    uint64_t left = length - at < 8 ? length - at : 8, word = 0;
    for (uint64_t i = 0; i < left; i++) word |= (uint64_t)bytes[at + i] << (8 * i);
    if (left < 8) word |= length << 56;
    v[3] ^= word, sip_round(v), sip_round(v), v[0] ^= word;
    if (left < 8) break;
  }
  v[2] ^= 0xee;
  for (int i = 0; i < 4; i++) sip_round(v);
  out[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
  v[1] ^= 0xdd;
  for (int i = 0; i < 4; i++) sip_round(v);
  out[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
}

typedef struct place {
  pthread_mutex_t *lock;
  slot *found;  // NULL: there is no record
  slot *free;   // NULL: there is no room
  uint64_t hash[2];
} place;

static bool is_over(const pt_table *table, const slot *slot) {
  return pt_generation(table, slot->process) != slot->generation;
}

// Takes the lock of a key's part, and looks for its record.
static bool look(pt_table *table, const void *key, uint64_t length, place *place) {
  header *header = table->header;
  sip_hash(header->hash_key, key, length, place->hash);
  uint64_t shard = place->hash[1] % SHARDS;
  place->lock = &header->shards[shard].lock;
  int problem = pthread_mutex_trylock(place->lock);
  if (problem == EBUSY) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += patience;
    if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, until.tv_sec++;
    problem = pthread_mutex_clocklock(place->lock, CLOCK_MONOTONIC, &until);
  }
  if (problem == EOWNERDEAD) problem = pthread_mutex_consistent(place->lock);
  if (problem != 0) return false;
  place->found = place->free = NULL;
  slot *slots = table->slots + shard * header->slots_per_shard;
  uint64_t mask = header->slots_per_shard - 1;
  int64_t old = now() - life;
  for (uint64_t i = 0; i < WINDOW; i++) {
    slot *slot = &slots[(place->hash[0] + i) & mask];
    if (slot->epoch == 0 || (slot->touched < old && is_over(table, slot))) {
      if (!place->free) place->free = slot;
    } else if (slot->hash[0] == place->hash[0] && slot->hash[1] == place->hash[1]) {
      place->found = slot;
      break;
    }
  }
  return true;
}

static int leave(const place *place, int result) {
  pthread_mutex_unlock(place->lock);
  return result;
}

static pt_record record_of(const slot *slot) {
  return (pt_record){
    .epoch = slot->epoch, .generation = slot->generation, .process = slot->process, .turns = slot->turns};
}

static void write_record(slot *slot, const place *place, pt_record record) {
  if (slot != place->found) slot->epoch = 0;
  memcpy(slot->hash, place->hash, sizeof(slot->hash));
  slot->generation = record.generation;
  slot->process = record.process;
  slot->turns = record.turns;
  slot->touched = now();
  atomic_thread_fence(memory_order_release);
  slot->epoch = record.epoch;
}

static bool is_same_owner(pt_record first, pt_record second) {
  return first.process == second.process && first.generation == second.generation;
}

int pt_claim(
  pt_table *table, const void *key, uint64_t length, pt_record claimant, uint64_t adopting, bool only_finds,
  pt_record *record) {
  place place;
  if (!look(table, key, length, &place)) return PT_BUSY;
  pt_record former = {0};
  if (place.found) {
    former = record_of(place.found);
    if (is_same_owner(former, claimant)) return *record = former, leave(&place, PT_OWN);
    if (former.epoch != adopting && !is_over(table, place.found)) return *record = former, leave(&place, PT_OTHER);
  }
  if (only_finds) return leave(&place, PT_NOBODY);
  slot *slot = place.found ? place.found : place.free;
  if (!slot) return leave(&place, PT_FULL);
  claimant.epoch = (former.epoch > adopting ? former.epoch : adopting) + 1;
  claimant.turns = former.turns;
  write_record(slot, &place, claimant);
  return *record = claimant, leave(&place, PT_OWN);
}

int pt_renew(
  pt_table *table, const void *key, uint64_t length, pt_record own, bool is_fencing, pt_record *record) {
  place place;
  if (!look(table, key, length, &place)) return PT_BUSY;
  if (place.found) {
    pt_record former = record_of(place.found);
    if (is_same_owner(former, own)) {
      if (former.epoch > own.epoch) own.epoch = former.epoch;
    } else if (former.epoch >= own.epoch) {
      return *record = former, leave(&place, PT_OTHER);
    }
  } else if (own.epoch > 0) {
    // What a run that goes on has written stays, unless a later owner has released it.
    return leave(&place, PT_NOBODY);
  }
  slot *slot = place.found ? place.found : place.free;
  if (!slot) return leave(&place, PT_FULL);
  if (own.epoch == 0) own.epoch = 1;
  if (is_fencing) own.epoch++;
  write_record(slot, &place, own);
  return *record = own, leave(&place, PT_OWN);
}

int pt_release(pt_table *table, const void *key, uint64_t length, pt_record own) {
  place place;
  if (!look(table, key, length, &place)) return PT_BUSY;
  if (!place.found || !is_same_owner(record_of(place.found), own)) return leave(&place, PT_NOBODY);
  place.found->epoch = 0;
  return leave(&place, PT_OWN);
}
