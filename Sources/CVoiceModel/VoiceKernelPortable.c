#define LANES 4
#define KERNEL voice_kernel_portable
#define MEASURE voice_bands_portable
#include "VoiceKernel.h"
