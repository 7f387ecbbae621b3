#ifndef PATCHBAY_COGG_H
#define PATCHBAY_COGG_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ogg/ogg.h>

#endif
