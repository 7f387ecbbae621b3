#ifndef PATCHBAY_CGRPC_H
#define PATCHBAY_CGRPC_H

// Before any gRPC header: those define feature macros that would make `fd_set` differ between clang modules.
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/grpc.h>

#endif
