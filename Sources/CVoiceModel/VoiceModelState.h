#ifndef PATCHBAY_VOICE_MODEL_STATE_H
#define PATCHBAY_VOICE_MODEL_STATE_H

#include "VoiceModelWeights.h"
#include "echo_model.h"
#include "voice_model.h"

enum {
  PROMPT = BANDS + 2,
  SHORTEST = 20,
  LONGEST = 100,
  TAPS = 47,
  HISTORY = TAPS - 1,
  // Models that are judged at once, and what their inputs are longer, for those who step by four.
  VOICE_BLOCK = 8,
  PADDING = 3,
  // The bands' weights reach over the last bin, for those who step by vectors.
  BAND_LONGEST = 32,
  // So many frames of silence fill a window.
  SILENT_FRAMES = 2,
};

_Static_assert(SILENT_FRAMES * VOICE_MODEL_FRAME >= WINDOW, "all of a window is silence");

typedef struct {
  int first, count;
  float weights[BAND_LONGEST];  // zero from `count` on
} Band;

// What all models share, and nobody changes once it is made.
typedef struct {
  float window[WINDOW];
  float cosine[WINDOW], sine[WINDOW];        // of a turn's 256ths, clockwise
  float half_cosine[HALF], half_sine[HALF];  // of its 128ths
  Band bands[BANDS];
  float taps[TAPS];
  // The first pass of the transform of HALF and of HALF / 2 numbers: the factors of the second, third and fourth part.
  float turns[2][3][2][HALF / 4];
} VoiceTables;

struct VoiceModel {
  float (*judge)(VoiceModel *);
  void (*judge_block)(VoiceModel *const *, int, float *);
  // So many are judged at once sooner than one after the other.
  int least_block;
  void (*measure)(const VoiceTables *, const float *, float *);
  const VoiceTables *tables;
  const float *echo;  // of the frame to be heard: the energy in each band that is to be expected, or NULL
  float samples[WINDOW];
  float wideband[HISTORY];  // the newest
  float inputs[INPUTS + PADDING];  // oldest frame first
  float features[FEATURES];
  float floor, floor_band;
  float loudest[VOICE_MODEL_DELAY + 1];  // of each frame, the loudest band; the one that is judged first
  float first[FIRST], second[SECOND];
  // Frames in a row, up to SILENT_FRAMES, whose samples were all zero; and whether that makes no difference.
  int silence;
  bool measures_silence;
};

// Whether the window is nothing but zeros: what is heard of it need not be measured.
static inline bool window_is_silent(const VoiceModel *model) {
  return model->silence >= SILENT_FRAMES && model->echo == NULL && !model->measures_silence;
}

// Below this a band is silence, whatever the line's coding leaves there.
static const float silent = 100.0f;

static inline float normal(float feature, int index) { return (feature - voice_mean[index]) * voice_scale[index]; }

// Hears `samples`, and judges, for one model and for `count`, 1 to VOICE_BLOCK, at once. The same arithmetic for vectors
// of four, and of eight where the processor has AVX2: their results differ in the last digits.
float voice_kernel_portable(VoiceModel *model);
void voice_block_portable(VoiceModel *const *models, int count, float *probabilities);
#if defined(__x86_64__)
float voice_kernel_avx2(VoiceModel *model);
void voice_block_avx2(VoiceModel *const *models, int count, float *probabilities);
#endif

// The energy of a window's samples in each band.
void voice_bands_portable(const VoiceTables *tables, const float *window, float *energies);
#if defined(__x86_64__)
void voice_bands_avx2(const VoiceTables *tables, const float *window, float *energies);
#endif

// Hears 20 ms of the line, and what was played by then. Gives whether an echo is followed, and if so how much energy of
// it is to be expected in each band of the window that ends with them.
bool echo_model_hear(EchoModel *echo, const VoiceModel *model, const float *line, const int16_t *played,
                     float *expected);

#endif
