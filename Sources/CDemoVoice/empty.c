#include "CDemoVoice.h"
