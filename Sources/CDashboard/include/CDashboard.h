// The files of the dashboard, which are part of the program: it needs nothing beside itself.
#pragma once
#include <stddef.h>

typedef struct {
  const char *name;
  const char *contentType;
  const unsigned char *bytes;
  size_t count;
} CDashboardFile;

/// The file at an index from 0 on; NULL beyond the last. It lives as long as the process.
const CDashboardFile *CDashboardFileAt(size_t index);
