#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "VoiceModelState.h"
#include "voice_model.h"

// A line is quiet below these: the mean logarithm of its quietest moments, and that of their loudest band. A hum is in
// few bands.
static const float quiet = 6.2f, quiet_band = 8.5f;
// It stays quiet below these. No babble and no hum that was 20 dB below the voice was as soft in both.
static const float still_quiet = 7.7f, still_quiet_band = 9;
// By how much the loudest band is above its quietest moments in a frame that is more than noise, and in one that is a
// sound which begins.
static const float heard = 1, loud = 5;
// A frame is soft whose loudest band is below this: a voice at -35 dB below full scale or so, or an s.
static const float soft = 16;
// So many frames of silence are heard before a line. With none a voice from the first sample on is taken for the line's
// noise, with two at times the babble of other people for a voice.
enum { FRAMES_BEFORE = 3 };
static const double turn = 6.283185307179586;

static VoiceTables shared;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static double mel(double frequency) { return 1127 * log(1 + frequency / 700); }

static void make_bands(Band *bands) {
  double low = mel(60), high = mel(3900), edges[BANDS + 2];
  for (int i = 0; i < BANDS + 2; i++) {
    edges[i] = 700 * (exp((low + (high - low) * i / (BANDS + 1)) / 1127) - 1) * WINDOW / VOICE_MODEL_RATE;
  }
  for (int i = 0; i < BANDS; i++) {
    double middle = edges[i + 1], left = fmin(edges[i], middle - 1), right = fmax(edges[i + 2], middle + 1);
    bands[i].count = 0;
    for (int bin = 0; bin <= HALF; bin++) {
      double weight = fmin((bin - left) / (middle - left), (right - bin) / (right - middle));
      if (weight <= 0 || bands[i].count == BAND_LONGEST) continue;
      if (bands[i].count == 0) bands[i].first = bin;
      bands[i].weights[bands[i].count++] = (float)weight;
    }
  }
}

// A low-pass filter for every second sample of 16 kHz.
static void make_taps(float *taps) {
  double sum = 0, values[TAPS];
  for (int i = 0; i < TAPS; i++) {
    double at = i - (TAPS - 1) / 2.0, x = turn / 2 * at * 0.48;
    values[i] = (at == 0 ? 1 : sin(x) / x) * (0.54 - 0.46 * cos(turn * i / (TAPS - 1)));
    sum += values[i];
  }
  for (int i = 0; i < TAPS; i++) taps[i] = (float)(values[i] / sum);
}

static void make_tables(void) {
  for (int i = 0; i < WINDOW; i++) {
    shared.window[i] = (float)(0.5 - 0.5 * cos(turn * i / WINDOW));
    shared.cosine[i] = (float)cos(turn * i / WINDOW);
    shared.sine[i] = (float)-sin(turn * i / WINDOW);
  }
  for (int i = 0; i < HALF; i++) {
    shared.half_cosine[i] = shared.cosine[2 * i];
    shared.half_sine[i] = shared.sine[2 * i];
  }
  for (int size = 0; size < 2; size++) {
    int step = size == 0 ? 2 : 4;
    for (int part = 0; part < 3; part++) {
      for (int p = 0; p < HALF / step / 2; p++) {
        shared.turns[size][part][0][p] = shared.cosine[(part + 1) * p * step % WINDOW];
        shared.turns[size][part][1][p] = shared.sine[(part + 1) * p * step % WINDOW];
      }
    }
  }
  make_bands(shared.bands);
  make_taps(shared.taps);
}

VoiceModel *voice_model_create_portable(void) {
  if (pthread_once(&once, make_tables) != 0) return NULL;
  VoiceModel *model = calloc(1, sizeof *model);
  if (model == NULL) return NULL;
  model->tables = &shared;
  model->judge = voice_kernel_portable;
  model->judge_block = voice_block_portable;
  model->least_block = 5;
  model->measure = voice_bands_portable;
  voice_model_reset(model);
  return model;
}

VoiceModel *voice_model_create(void) {
  VoiceModel *model = voice_model_create_portable();
#if defined(__x86_64__)
  if (model != NULL && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    model->judge = voice_kernel_avx2;
    model->judge_block = voice_block_avx2;
    model->least_block = 3;
    model->measure = voice_bands_avx2;
  }
#endif
  return model;
}

void voice_model_free(VoiceModel *model) { free(model); }

void voice_model_reset(VoiceModel *model) {
  memset(model->samples, 0, sizeof model->samples);
  memset(model->wideband, 0, sizeof model->wideband);
  memset(model->first, 0, sizeof model->first);
  memset(model->second, 0, sizeof model->second);
  model->silence = SILENT_FRAMES;
  for (int i = 0; i < FEATURES; i++) model->features[i] = i < BANDS ? logf(silent) : 0;
  for (int i = 0; i < INPUTS; i++) model->inputs[i] = normal(model->features[i % FEATURES], i % FEATURES);
  // Who speaks in the first sample is no part of the line: something was heard before, the same on every processor.
  for (int i = 0; i < FRAMES_BEFORE; i++) voice_kernel_portable(model);
  model->floor = model->floor_band = 99;
  memset(model->loudest, 0, sizeof model->loudest);
}

static void take(VoiceModel *model, const int16_t *samples) {
  enum { KEPT = WINDOW - VOICE_MODEL_FRAME };
  int any = 0;
  for (int i = 0; i < VOICE_MODEL_FRAME; i++) any |= samples[i];
  if (any != 0) {
    model->silence = 0;
  } else if (model->silence == SILENT_FRAMES) {
    return;  // zeros after zeros
  } else {
    model->silence++;
  }
  memmove(model->samples, model->samples + VOICE_MODEL_FRAME, sizeof(float) * KEPT);
  for (int i = 0; i < VOICE_MODEL_FRAME; i++) model->samples[KEPT + i] = samples[i];
}

static void take_wideband(VoiceModel *model, const int16_t *samples) {
  float wideband[HISTORY + 2 * VOICE_MODEL_FRAME];
  memcpy(wideband, model->wideband, sizeof(float) * HISTORY);
  for (int i = 0; i < 2 * VOICE_MODEL_FRAME; i++) wideband[HISTORY + i] = samples[i];
  memcpy(model->wideband, wideband + 2 * VOICE_MODEL_FRAME, sizeof(float) * HISTORY);
  int16_t narrow[VOICE_MODEL_FRAME];
  for (int i = 0; i < VOICE_MODEL_FRAME; i++) {
    float sum = 0;
    for (int tap = 0; tap < TAPS; tap++) sum += wideband[2 * i + tap] * model->tables->taps[tap];
    narrow[i] = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
  }
  take(model, narrow);
}

void voice_model_take(VoiceModel *model, const int16_t *samples, bool is_wideband, bool is_prompt_playing) {
  if (is_wideband) {
    take_wideband(model, samples);
  } else {
    take(model, samples);
  }
  model->features[PROMPT] = is_prompt_playing ? 1 : 0;
}

void voice_model_measure_silence(VoiceModel *model) { model->measures_silence = true; }

float voice_model_judge(VoiceModel *model) { return model->judge(model); }

// Models that are all of one kind: as many as make a block at once, what is left one after the other.
static void judge_alike(VoiceModel *const *models, size_t count, float *probabilities) {
  const VoiceModel *first = models[0];
  for (size_t at = 0; at < count;) {
    size_t together = count - at < VOICE_BLOCK ? count - at : VOICE_BLOCK;
    if (together >= (size_t)first->least_block) {
      first->judge_block(models + at, (int)together, probabilities + at);
    } else {
      for (size_t i = at; i < at + together; i++) probabilities[i] = models[i]->judge(models[i]);
    }
    at += together;
  }
}

void voice_models_judge(VoiceModel *const *models, size_t count, float *probabilities) {
  enum { MOST = 4 * VOICE_BLOCK };
  for (size_t at = 0, next; at < count; at = next) {
    for (next = at; next < count && next - at < MOST && models[next]->judge == models[at]->judge;) next++;
    // Those with a silent window come first, so that as many blocks as possible have nothing else.
    VoiceModel *sorted[MOST];
    size_t from[MOST], sum = 0;
    float found[MOST];
    for (int silent = 1; silent >= 0; silent--) {
      for (size_t i = at; i < next; i++) {
        if (window_is_silent(models[i]) == (silent != 0)) sorted[sum] = models[i], from[sum++] = i;
      }
    }
    judge_alike(sorted, sum, found);
    for (size_t i = 0; i < sum; i++) probabilities[from[i]] = found[i];
  }
}

float voice_model_hear(VoiceModel *model, const int16_t *samples, bool is_prompt_playing) {
  voice_model_take(model, samples, false, is_prompt_playing);
  return voice_model_judge(model);
}

float voice_model_hear_wideband(VoiceModel *model, const int16_t *samples, bool is_prompt_playing) {
  voice_model_take(model, samples, true, is_prompt_playing);
  return voice_model_judge(model);
}

float voice_model_hear_echo(VoiceModel *model, EchoModel *echo, const int16_t *samples, bool is_wideband,
                            const int16_t *played, bool is_prompt_playing) {
  voice_model_take(model, samples, is_wideband, is_prompt_playing);
  float expected[BANDS];
  bool is_followed = echo_model_hear(echo, model, model->samples + WINDOW - VOICE_MODEL_FRAME, played, expected);
  if (!is_followed) return voice_model_judge(model);
  model->features[PROMPT] = 0;
  model->echo = expected;
  float probability = voice_model_judge(model);
  model->echo = NULL;
  return probability;
}

bool voice_model_line_is_quiet(const VoiceModel *model) {
  return model->floor < quiet && model->floor_band < quiet_band;
}

bool voice_model_line_stays_quiet(const VoiceModel *model) {
  return model->floor < still_quiet && model->floor_band < still_quiet_band;
}

bool voice_model_frame_is_heard(const VoiceModel *model) { return model->loudest[0] > model->floor_band + heard; }

bool voice_model_newest_is_loud(const VoiceModel *model) {
  return model->loudest[VOICE_MODEL_DELAY] > model->floor_band + loud;
}

bool voice_model_frame_is_soft(const VoiceModel *model) { return model->loudest[0] < soft; }

float voice_model_frame_loudness(const VoiceModel *model) { return model->loudest[0]; }

void voice_model_features(const VoiceModel *model, float *features) {
  memcpy(features, model->features, sizeof(float) * VOICE_MODEL_FEATURES);
}
