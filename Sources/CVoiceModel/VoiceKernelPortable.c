#define LANES 4
#define KERNEL voice_kernel_portable
#include "VoiceKernel.h"
