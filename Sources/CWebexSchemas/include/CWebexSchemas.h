/* The messages of the Webex schemas, and of our own interface to bots, in C, generated from Protos/ by Scripts/generate-messages. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../Generated/google/protobuf/struct.pb-c.h"
#include "../Generated/google/protobuf/timestamp.pb-c.h"
#include "../Generated/voice_virtual_agent.pb-c.h"
#include "../Generated/audio_forking.pb-c.h"
#include "../Generated/media_intelligence.pb-c.h"
#include "../Generated/cisco_health.pb-c.h"
#include "../Generated/bot.pb-c.h"
#include "../Generated/descriptors.h"
