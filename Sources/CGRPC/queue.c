#include "core.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

static pthread_once_t defaults = PTHREAD_ONCE_INIT;

static void set_defaults(void) {
  pb_leave_out_deadlock_search();
  pb_prefer_server_ciphers();
}

void pb_library_retain(void) {
  // The core's own threads inherit this mask: signals are for the thread that waits for them.
  sigset_t blocked, before;
  sigfillset(&blocked);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  pthread_once(&defaults, set_defaults);
  grpc_init();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void pb_library_release(void) { grpc_shutdown(); }

static _Atomic(pb_log_function) installed_log;

static void forward_log(gpr_log_func_args *arguments) {
  pb_log_function function = installed_log;
  if (function) {
    function((int32_t)arguments->severity, arguments->file, arguments->line, arguments->message);
  }
}

void pb_log_install(pb_log_function function, int32_t minimum_severity) {
  installed_log = function;
  gpr_set_log_verbosity((gpr_log_severity)minimum_severity);
  gpr_set_log_function(forward_log);
}

int64_t pb_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct thread_start {
  void (*body)(void *);
  void *context;
  char name[16];
};

static void *run_thread(void *argument) {
  struct thread_start start = *(struct thread_start *)argument;
  free(argument);
#if defined(__linux__)
  extern int pthread_setname_np(pthread_t, const char *);
  pthread_setname_np(pthread_self(), start.name);
#endif
  start.body(start.context);
  return NULL;
}

int32_t pb_thread_start(const char *name, void (*body)(void *), void *context, uint64_t *thread) {
  struct thread_start *start = pb_allocate(sizeof(*start));
  start->body = body;
  start->context = context;
  strncpy(start->name, name, sizeof(start->name) - 1);
  sigset_t blocked, before;
  sigfillset(&blocked);
  const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
  for (size_t index = 0; index < sizeof(synchronous) / sizeof(*synchronous); index++) {
    sigdelset(&blocked, synchronous[index]);
  }
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  pthread_t created;
  int result = pthread_create(&created, NULL, run_thread, start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (result != 0) {
    free(start);
    return result;
  }
  *thread = (uint64_t)created;
  return 0;
}

void pb_thread_join(uint64_t thread) { pthread_join((pthread_t)thread, NULL); }
void pb_thread_detach(uint64_t thread) { pthread_detach((pthread_t)thread); }

static _Thread_local void *current_loop;
void *pb_current_loop(void) { return current_loop; }
void pb_set_current_loop(void *loop) { current_loop = loop; }

grpc_completion_queue *pb_queue_create(void) { return grpc_completion_queue_create_for_next(NULL); }
void pb_queue_shutdown(grpc_completion_queue *queue) { grpc_completion_queue_shutdown(queue); }
void pb_queue_destroy(grpc_completion_queue *queue) { grpc_completion_queue_destroy(queue); }

pb_event pb_queue_next(grpc_completion_queue *queue, int64_t deadline) {
  gpr_timespec until = gpr_inf_future(GPR_CLOCK_MONOTONIC);
  if (deadline != INT64_MAX) {
    until.tv_sec = deadline / 1000000000;
    until.tv_nsec = (int32_t)(deadline % 1000000000);
  }
  grpc_event event = grpc_completion_queue_next(queue, until, NULL);
  pb_event result = {.owner = NULL, .operation = 0, .ok = event.success != 0};
  switch (event.type) {
    case GRPC_OP_COMPLETE: {
      const pb_tag *tag = event.tag;
      result.kind = PB_EVENT_COMPLETED;
      result.owner = tag->owner;
      result.operation = tag->operation;
      break;
    }
    case GRPC_QUEUE_TIMEOUT: result.kind = PB_EVENT_TIMEOUT; break;
    default: result.kind = PB_EVENT_SHUTDOWN; break;
  }
  return result;
}

struct pb_wake {
  grpc_channel *channel;
  grpc_call *call;
  pb_tag tag;
};

pb_wake *pb_wake_create(grpc_completion_queue *queue, int32_t operation) {
  pb_wake *wake = pb_allocate(sizeof(*wake));
  wake->tag.operation = operation;
  wake->channel = grpc_lame_client_channel_create("wake", GRPC_STATUS_UNAVAILABLE, "never used for calls");
  wake->call = grpc_channel_create_call(
    wake->channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue, grpc_slice_from_static_string("/wake"), NULL,
    gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
  return wake;
}

void pb_wake_post(pb_wake *wake) { grpc_call_start_batch(wake->call, NULL, 0, &wake->tag, NULL); }

void pb_wake_destroy(pb_wake *wake) {
  grpc_call_unref(wake->call);
  grpc_channel_destroy(wake->channel);
  free(wake);
}

pb_arguments *pb_arguments_create(size_t capacity) {
  pb_arguments *arguments = pb_allocate(sizeof(*arguments));
  arguments->capacity = capacity;
  arguments->list.args = pb_allocate((capacity ? capacity : 1) * sizeof(grpc_arg));
  return arguments;
}

static grpc_arg *next_argument(pb_arguments *arguments, const char *key) {
  if (arguments->list.num_args == arguments->capacity) abort();  // our own count was wrong
  grpc_arg *argument = &arguments->list.args[arguments->list.num_args++];
  argument->key = strdup(key);
  return argument;
}

void pb_arguments_add_integer(pb_arguments *arguments, const char *key, int32_t value) {
  grpc_arg *argument = next_argument(arguments, key);
  argument->type = GRPC_ARG_INTEGER;
  argument->value.integer = value;
}

void pb_arguments_add_string(pb_arguments *arguments, const char *key, const char *value) {
  grpc_arg *argument = next_argument(arguments, key);
  argument->type = GRPC_ARG_STRING;
  argument->value.string = strdup(value);
}

void pb_arguments_destroy(pb_arguments *arguments) {
  for (size_t index = 0; index < arguments->list.num_args; index++) {
    grpc_arg *argument = &arguments->list.args[index];
    free(argument->key);
    if (argument->type == GRPC_ARG_STRING) free(argument->value.string);
  }
  free(arguments->list.args);
  free(arguments);
}
