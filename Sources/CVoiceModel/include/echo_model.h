#ifndef PATCHBAY_ECHO_MODEL_H
#define PATCHBAY_ECHO_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "voice_model.h"

// Follows the echo of what is played to a caller on their line: finds its delay, 0 to 890 ms, where the syllables of both
// are alike, learns how loud each band comes back, and so knows how much of a frame is echo. Nothing is allocated for a
// frame.

typedef struct EchoModel EchoModel;

// A model of a line without an echo, or NULL if there is no memory. For one thread at a time.
EchoModel *echo_model_create(void);
void echo_model_free(EchoModel *echo);

// Forgets all that was heard.
void echo_model_reset(EchoModel *echo);

// Of the echo that is followed, the delay in milliseconds; -1 where none is.
int echo_model_delay(const EchoModel *echo);

// Whether the line, in the last eighth of a second, may have been an echo and nothing else, with whatever delay.
bool echo_model_may_be_all(const EchoModel *echo);

// voice_model_hear and voice_model_hear_wideband while a prompt plays or has just been played: `played` are
// VOICE_MODEL_FRAME samples at 8 kHz, those that the line's end was sent by now. Where an echo is followed, the network
// hears the line without it, a little louder, and is not told of the prompt.
float voice_model_hear_echo(VoiceModel *model, EchoModel *echo, const int16_t *samples, bool is_wideband,
                            const int16_t *played, bool is_prompt_playing);

// What was played in 20 ms of which the line was not heard.
void echo_model_skip(EchoModel *echo, const VoiceModel *model, const int16_t *played);

#endif
