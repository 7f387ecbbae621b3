#define LANES 4
#define KERNEL voice_kernel_portable
#define MEASURE voice_bands_portable
#define VECTORS 2
#define BLOCK voice_block_portable
#include "VoiceKernel.h"
#include "VoiceBlock.h"
