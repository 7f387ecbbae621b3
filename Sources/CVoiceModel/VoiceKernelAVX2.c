#if defined(__x86_64__)
#include <string.h>

#include "VoiceModelState.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define KERNEL voice_kernel_avx2
#define MEASURE voice_bands_avx2
#define VECTORS 1
#define BLOCK voice_block_avx2
#include "VoiceKernel.h"
#include "VoiceBlock.h"
#pragma clang attribute pop
#endif
