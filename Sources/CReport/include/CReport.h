// The page of a load's report, which is part of the program: it needs nothing beside itself.
#pragma once
#include <stddef.h>

typedef struct {
  const unsigned char *bytes;
  size_t count;
} CReportFile;

/// The page, with places for the style, the library of charts, the script and the data.
CReportFile CReportPage(void);
CReportFile CReportStyle(void);
CReportFile CReportScript(void);
