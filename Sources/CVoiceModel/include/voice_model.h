#ifndef PATCHBAY_VOICE_MODEL_H
#define PATCHBAY_VOICE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A small recurrent network that tells how likely it is that the caller speaks, for each 20 ms of a telephone line: 20
// mel bands, the pitch and whether a prompt plays, of three frames, to 32 units, to gated recurrent layers of 48 and 24
// units.
// Its weights are in VoiceModelWeights.c, which Scripts/speech writes. Nothing is allocated for a frame. turn_judge.h has a
// second head on it, without weights.

enum {
  VOICE_MODEL_RATE = 8000,
  VOICE_MODEL_FRAME = 160,
  // What is heard of a frame: the bands' logarithms, then the pitch's strength (0 to about 1) and its period (in 12.5 ms).
  VOICE_MODEL_FEATURES = 22,
  // The frame that is judged is this many frames before the one just heard.
  VOICE_MODEL_DELAY = 2,
};

typedef struct VoiceModel VoiceModel;

// A model that has heard nothing but silence, or NULL if there is no memory. For one thread at a time.
VoiceModel *voice_model_create(void);
// The same in vectors of four only, also where the processor has AVX2 and FMA. Results differ by less than 0.001.
VoiceModel *voice_model_create_portable(void);
void voice_model_free(VoiceModel *model);

// Forgets all that was heard.
void voice_model_reset(VoiceModel *model);

// Has it measure digital silence as it measures any other sound, which takes longer and makes no difference: for tests.
void voice_model_measure_silence(VoiceModel *model);

// Hears the next 20 ms: VOICE_MODEL_FRAME samples at 8 kHz, and gives the probability, 0 to 1, that the caller spoke
// VOICE_MODEL_DELAY frames before. While a prompt plays to the caller, what is heard may be its echo; echo_model.h has
// what takes it out.
float voice_model_hear(VoiceModel *model, const int16_t *samples, bool is_prompt_playing);

// The same for 2 * VOICE_MODEL_FRAME samples at 16 kHz, of which it hears the lower half of the band.
float voice_model_hear_wideband(VoiceModel *model, const int16_t *samples, bool is_prompt_playing);

// The same in two steps, so that many models may be judged at once: takes the next 20 ms, 2 * VOICE_MODEL_FRAME samples
// of a wideband line, which have to be judged before more are taken.
void voice_model_take(VoiceModel *model, const int16_t *samples, bool is_wideband, bool is_prompt_playing);
float voice_model_judge(VoiceModel *model);

// Judges what `count` models have taken, each of them one frame and no model twice. Results are those of
// voice_model_judge but for the last digits. With AVX2 it takes little more than half of the time from 8 models on, and
// less where lines are digitally silent: those are judged together.
void voice_models_judge(VoiceModel *const *models, size_t count, float *probabilities);

// Whether the line is quiet where nobody speaks: no noise is heard, above -65 dB below full scale or so, in its
// quietest moments of late.
bool voice_model_line_is_quiet(const VoiceModel *model);

// Whether a line that was quiet still is: what is measured of its noise rises while somebody speaks without a pause.
bool voice_model_line_stays_quiet(const VoiceModel *model);

// Whether the frame that was judged last is louder, in its loudest band, than the line's noise: by 4 dB.
bool voice_model_frame_is_heard(const VoiceModel *model);

// Whether the newest frame, which is judged VOICE_MODEL_DELAY frames later, is clearly louder than the line's noise: by
// 22 dB.
bool voice_model_newest_is_loud(const VoiceModel *model);

// Whether the frame that was judged last is as soft as a soft voice, or as an s before a word; a click is not.
bool voice_model_frame_is_soft(const VoiceModel *model);

// The natural logarithm of the power in the loudest band of the frame that was judged last.
float voice_model_frame_loudness(const VoiceModel *model);

// What was heard of the last frame: VOICE_MODEL_FEATURES numbers.
void voice_model_features(const VoiceModel *model, float *features);

#endif
