#define _GNU_SOURCE
#include "hooks.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>

static bool active;
bool pb_guard_is_active(void) { return active; }

#ifdef PB_HOOKS

// libgrpc29 1.51.1-3+b1 of Debian 12, amd64 (`readelf -n libgrpc.so.29`).
static const uint8_t known_build[20] = {0x83, 0x25, 0xa7, 0xe5, 0x52, 0xba, 0xef, 0x0b, 0xfc, 0x16,
                                        0x29, 0xdb, 0x00, 0x7c, 0x59, 0xae, 0xec, 0x79, 0x27, 0x85};

pb_core_functions pb_core;

PB_HOOK(PB_TARGET_WINDOW, pb_target_window_target);
PB_HOOK(PB_UPDATE_ACTION, pb_update_action_target);
PB_HOOK(PB_DEFRAME, pb_deframe_target);
PB_HOOK(PB_PERFORM_READ, pb_perform_read_target);
PB_HOOK(PB_TRANSPORT_CREATE, pb_transport_create_target);
PB_HOOK(PB_TRANSPORT_DESTROY, pb_transport_destroy_target);
PB_HOOK(PB_ACCEPT, pb_accept_target);

static bool notes_name_known_build(const uint8_t *notes, size_t size) {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    memcpy(&note, notes, sizeof(note));
    size_t name = ((size_t)note.n_namesz + 3) & ~(size_t)3, text = ((size_t)note.n_descsz + 3) & ~(size_t)3;
    if (name > size - sizeof(note) || text > size - sizeof(note) - name) return false;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + sizeof(note), "GNU", 4) == 0) {
      return note.n_descsz == sizeof(known_build) &&
             memcmp(notes + sizeof(note) + name, known_build, sizeof(known_build)) == 0;
    }
    notes += sizeof(note) + name + text;
    size -= sizeof(note) + name + text;
  }
  return false;
}

static int look_at_library(struct dl_phdr_info *library, size_t size, void *found) {
  (void)size;
  const char *name = strrchr(library->dlpi_name, '/');
  if (!name || strcmp(name, "/libgrpc.so.29") != 0) return 0;
  for (int i = 0; i < library->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &library->dlpi_phdr[i];
    if (header->p_type != PT_NOTE) continue;
    if (notes_name_known_build((const uint8_t *)(library->dlpi_addr + header->p_vaddr), header->p_memsz)) {
      *(bool *)found = true;
    }
  }
  return 1;
}

// Before `main`, so before any thread and before the core is used.
__attribute__((constructor)) static void install(void) {
  bool known = false;
  dl_iterate_phdr(look_at_library, &known);
  struct {
    const char *symbol;
    void **own;     // where the core's function is kept
    void **target;  // what the executable's function jumps to
    void *ours;
  } hooks[] = {
    {PB_TARGET_WINDOW, (void **)&pb_core.target_window, &pb_target_window_target, (void *)pb_target_window},
    {PB_UPDATE_ACTION, (void **)&pb_core.update_action, &pb_update_action_target, (void *)pb_update_action},
    {PB_DEFRAME, (void **)&pb_core.deframe, &pb_deframe_target, (void *)pb_deframe},
    {PB_PERFORM_READ, (void **)&pb_core.perform_read, &pb_perform_read_target, (void *)pb_perform_read},
    {PB_TRANSPORT_CREATE, (void **)&pb_core.transport_create, &pb_transport_create_target,
     (void *)pb_transport_create},
    {PB_TRANSPORT_DESTROY, (void **)&pb_core.transport_destroy, &pb_transport_destroy_target,
     (void *)pb_transport_destroy},
    {PB_ACCEPT, (void **)&pb_core.accept, &pb_accept_target, (void *)pb_accept},
  };
  size_t count = sizeof(hooks) / sizeof(*hooks);
  pb_core.ping_begin = (void *(*)(void *, void *, uint32_t, uint8_t))dlsym(RTLD_DEFAULT, PB_PING_BEGIN);
  pb_core.endpoint_peer = dlsym(RTLD_DEFAULT, PB_ENDPOINT_PEER);
  pb_core.desired_size = (int64_t(*)(const void *))dlsym(RTLD_DEFAULT, PB_DESIRED_SIZE);
  known = known && pb_core.ping_begin && pb_core.endpoint_peer && pb_core.desired_size;
  for (size_t i = 0; i < count; i++) {
    *hooks[i].own = dlsym(RTLD_NEXT, hooks[i].symbol);
    // The linker exports what a library it links with refers to: where it did not, the core would not come here.
    void *first = dlsym(RTLD_DEFAULT, hooks[i].symbol);
    known = known && *hooks[i].own && first && first != *hooks[i].own;
  }
  for (size_t i = 0; i < count; i++) *hooks[i].target = known ? hooks[i].ours : *hooks[i].own;
  active = known;
}

#endif

static _Atomic uint64_t closed[PB_FRAME_RULES];

void pb_guard_count_closed(int32_t rule) {
  if (rule > 0 && rule < PB_FRAME_RULES) closed[rule]++;
}

uint64_t pb_guard_closed(int32_t rule) { return rule > 0 && rule < PB_FRAME_RULES ? closed[rule] : 0; }
