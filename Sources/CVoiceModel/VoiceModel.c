#include "voice_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "VoiceModelWeights.h"

// Scripts/speech/features.py and model.py compute the same: what is changed here is changed there.

enum { PROMPT = BANDS + 2, SHORTEST = 20, LONGEST = 100, TAPS = 47, HISTORY = TAPS - 1 };

// Below this a band is silence, whatever the line's coding leaves there.
static const float silent = 100.0f;
// The quietest moments' mean logarithm, and that of their loudest band, rise by one in a second; a line is quiet below
// these. A hum is in few bands.
static const float rise = 0.02f, quiet = 6.2f, quiet_band = 8.5f;
// A frame is soft whose loudest band is below this: a voice at -35 dB below full scale or so, or an s.
static const float soft = 16;
static const double turn = 6.283185307179586;

typedef struct {
  int first, count;
  float weights[32];
} Band;

struct VoiceModel {
  float window[WINDOW];
  float cosine[HALF], sine[HALF];  // of a turn's 256ths
  Band bands[BANDS];
  float taps[TAPS];

  float samples[WINDOW];
  float wideband[HISTORY + 2 * VOICE_MODEL_FRAME];
  float inputs[INPUTS];  // oldest frame first
  float features[FEATURES];
  float floor, floor_band;
  float loudest[VOICE_MODEL_DELAY + 1];  // of each frame, the loudest band; the one that is judged first
  float first[FIRST], second[SECOND];
};

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
      if (weight <= 0 || bands[i].count == 32) continue;
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

VoiceModel *voice_model_create(void) {
  VoiceModel *model = calloc(1, sizeof *model);
  if (model == NULL) return NULL;
  for (int i = 0; i < WINDOW; i++) model->window[i] = (float)(0.5 - 0.5 * cos(turn * i / WINDOW));
  for (int i = 0; i < HALF; i++) {
    model->cosine[i] = (float)cos(turn * i / WINDOW);
    model->sine[i] = (float)-sin(turn * i / WINDOW);
  }
  make_bands(model->bands);
  make_taps(model->taps);
  voice_model_reset(model);
  return model;
}

void voice_model_free(VoiceModel *model) { free(model); }

static float normal(float feature, int index) { return (feature - voice_mean[index]) * voice_scale[index]; }

void voice_model_reset(VoiceModel *model) {
  memset(model->samples, 0, sizeof model->samples);
  memset(model->wideband, 0, sizeof model->wideband);
  model->floor = model->floor_band = 99;
  memset(model->loudest, 0, sizeof model->loudest);
  memset(model->first, 0, sizeof model->first);
  memset(model->second, 0, sizeof model->second);
  for (int i = 0; i < FEATURES; i++) model->features[i] = i < BANDS ? logf(silent) : 0;
  for (int i = 0; i < INPUTS; i++) model->inputs[i] = normal(model->features[i % FEATURES], i % FEATURES);
}

// 128 complex numbers, by Stockham's way; the result is in `re` and `im`.
static void transform(const VoiceModel *model, float *restrict re, float *restrict im) {
  float re2[HALF], im2[HALF];
  float *xr = re, *xi = im, *yr = re2, *yi = im2;
  for (int count = HALF, stride = 1; count > 1; count /= 2, stride *= 2) {
    int half = count / 2;
    for (int p = 0; p < half; p++) {
      float wr = model->cosine[2 * p * stride], wi = model->sine[2 * p * stride];
      const float *restrict ar = xr + stride * p, *restrict ai = xi + stride * p;
      const float *restrict br = ar + stride * half, *restrict bi = ai + stride * half;
      float *restrict cr = yr + stride * 2 * p, *restrict ci = yi + stride * 2 * p;
      for (int q = 0; q < stride; q++) {
        float dr = ar[q] - br[q], di = ai[q] - bi[q];
        cr[q] = ar[q] + br[q];
        ci[q] = ai[q] + bi[q];
        cr[q + stride] = dr * wr - di * wi;
        ci[q + stride] = dr * wi + di * wr;
      }
    }
    float *t = xr;
    xr = yr, yr = t;
    t = xi, xi = yi, yi = t;
  }
  if (xr != re) {
    memcpy(re, xr, sizeof re2);
    memcpy(im, xi, sizeof im2);
  }
}

// The spectrum of 256 real numbers: bins 0 to 128.
static void spectrum(const VoiceModel *model, const float *input, float *restrict re, float *restrict im) {
  float zr[HALF], zi[HALF];
  for (int i = 0; i < HALF; i++) {
    zr[i] = input[2 * i];
    zi[i] = input[2 * i + 1];
  }
  transform(model, zr, zi);
  for (int k = 0; k < HALF; k++) {
    int other = (HALF - k) % HALF;
    float er = 0.5f * (zr[k] + zr[other]), ei = 0.5f * (zi[k] - zi[other]);
    float or = 0.5f * (zi[k] + zi[other]), oi = 0.5f * (zr[other] - zr[k]);
    re[k] = er + or * model->cosine[k] - oi * model->sine[k];
    im[k] = ei + or * model->sine[k] + oi * model->cosine[k];
  }
  re[HALF] = zr[0] - zi[0];
  im[HALF] = 0;
}

static void listen(VoiceModel *model) {
  float windowed[WINDOW], re[HALF + 1], im[HALF + 1], power[HALF + 1], sum = 0;
  for (int i = 0; i < WINDOW; i++) sum += model->samples[i];
  float mean = sum / WINDOW;
  for (int i = 0; i < WINDOW; i++) windowed[i] = (model->samples[i] - mean) * model->window[i];
  spectrum(model, windowed, re, im);
  for (int i = 0; i <= HALF; i++) power[i] = (re[i] * re[i] + im[i] * im[i]) * (1.0f / WINDOW);
  for (int i = 0; i < BANDS; i++) {
    const Band *band = &model->bands[i];
    float energy = silent;
    for (int j = 0; j < band->count; j++) energy += band->weights[j] * power[band->first + j];
    model->features[i] = logf(energy);
  }
  float level = 0, loudest = 0;
  for (int i = 0; i < BANDS; i++) {
    level += model->features[i] * (1.0f / BANDS);
    loudest = fmaxf(loudest, model->features[i]);
  }
  model->floor = fminf(model->floor + rise, level);
  model->floor_band = fminf(model->floor_band + rise, loudest);
  memmove(model->loudest, model->loudest + 1, sizeof(float) * VOICE_MODEL_DELAY);
  model->loudest[VOICE_MODEL_DELAY] = loudest;
  // Autocorrelation of the magnitudes: a periodic frame has a peak at its period, whatever its spectrum's slope is.
  float magnitudes[WINDOW];
  for (int i = 0; i <= HALF; i++) magnitudes[i] = sqrtf(power[i]);
  for (int i = 1; i < HALF; i++) magnitudes[WINDOW - i] = magnitudes[i];
  spectrum(model, magnitudes, re, im);
  int best = SHORTEST;
  for (int lag = SHORTEST + 1; lag <= LONGEST; lag++) {
    if (re[lag] > re[best]) best = lag;
  }
  model->features[BANDS] = re[best] / (re[0] + WINDOW);
  model->features[BANDS + 1] = (float)best / 100.0f;
}

// output += matrix' * input; the count of inputs is even.
static void multiply(const float *restrict matrix, const float *restrict input, int inputs, float *restrict output,
                     int outputs) {
  int j = 0;
  for (; j + 4 <= inputs; j += 4) {
    const float *restrict a = matrix + j * outputs, *restrict b = a + outputs, *restrict c = b + outputs;
    const float *restrict d = c + outputs;
    float w = input[j], x = input[j + 1], y = input[j + 2], z = input[j + 3];
    for (int i = 0; i < outputs; i++) output[i] += a[i] * w + b[i] * x + c[i] * y + d[i] * z;
  }
  for (; j < inputs; j++) {
    const float *restrict a = matrix + j * outputs;
    float w = input[j];
    for (int i = 0; i < outputs; i++) output[i] += a[i] * w;
  }
}

// The hyperbolic tangent to single precision, by a quotient of polynomials that vectorizes.
static inline float tangent(float x) {
  x = x < -7.905f ? -7.905f : x > 7.905f ? 7.905f : x;
  float y = x * x;
  float p = -2.76076847742355e-16f;
  p = p * y + 2.00018790482477e-13f;
  p = p * y - 8.60467152213735e-11f;
  p = p * y + 5.12229709037114e-08f;
  p = p * y + 1.48572235717979e-05f;
  p = p * y + 6.37261928875436e-04f;
  p = p * y + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * y + 1.18534705686654e-04f;
  q = q * y + 2.26843463243900e-03f;
  q = q * y + 4.89352518554385e-03f;
  return x * p / q;
}

static inline float sigmoid(float x) { return 0.5f + 0.5f * tangent(0.5f * x); }

static void recur(const float *w, const float *u, const float *b, const float *c, const float *input, int inputs,
                  float *restrict state, int count) {
  float forward[3 * FIRST], back[3 * FIRST];
  memcpy(forward, b, sizeof(float) * 3 * (size_t)count);
  memset(back, 0, sizeof(float) * 3 * (size_t)count);
  multiply(w, input, inputs, forward, 3 * count);
  multiply(u, state, count, back, 3 * count);
  const float *restrict forward_new = forward + 2 * count, *restrict back_new = back + 2 * count;
  for (int i = 0; i < 2 * count; i++) forward[i] = sigmoid(forward[i] + back[i]);
  for (int i = 0; i < count; i++) {
    float candidate = tangent(forward_new[i] + forward[i] * (back_new[i] + c[i]));
    float update = forward[count + i];
    state[i] = candidate + update * (state[i] - candidate);
  }
}

static float judge(VoiceModel *model) {
  memmove(model->inputs, model->inputs + FEATURES, sizeof(float) * (INPUTS - FEATURES));
  for (int i = 0; i < FEATURES; i++) model->inputs[INPUTS - FEATURES + i] = normal(model->features[i], i);
  float dense[DENSE];
  memcpy(dense, voice_dense_b, sizeof dense);
  multiply(voice_dense_w, model->inputs, INPUTS, dense, DENSE);
  for (int i = 0; i < DENSE; i++) dense[i] = dense[i] > 0 ? dense[i] : 0;
  recur(voice_first_w, voice_first_u, voice_first_b, voice_first_c, dense, DENSE, model->first, FIRST);
  recur(voice_second_w, voice_second_u, voice_second_b, voice_second_c, model->first, FIRST, model->second, SECOND);
  float sum = voice_out_b[0];
  for (int i = 0; i < FIRST; i++) sum += model->first[i] * voice_out_w[i];
  for (int i = 0; i < SECOND; i++) sum += model->second[i] * voice_out_w[FIRST + i];
  return sigmoid(sum);
}

float voice_model_hear(VoiceModel *model, const int16_t *samples, bool is_prompt_playing) {
  enum { KEPT = WINDOW - VOICE_MODEL_FRAME };
  memmove(model->samples, model->samples + VOICE_MODEL_FRAME, sizeof(float) * KEPT);
  for (int i = 0; i < VOICE_MODEL_FRAME; i++) model->samples[KEPT + i] = samples[i];
  listen(model);
  model->features[PROMPT] = is_prompt_playing ? 1 : 0;
  return judge(model);
}

float voice_model_hear_wideband(VoiceModel *model, const int16_t *samples, bool is_prompt_playing) {
  memmove(model->wideband, model->wideband + 2 * VOICE_MODEL_FRAME, sizeof(float) * HISTORY);
  for (int i = 0; i < 2 * VOICE_MODEL_FRAME; i++) model->wideband[HISTORY + i] = samples[i];
  int16_t narrow[VOICE_MODEL_FRAME];
  for (int i = 0; i < VOICE_MODEL_FRAME; i++) {
    float sum = 0;
    for (int tap = 0; tap < TAPS; tap++) sum += model->wideband[2 * i + tap] * model->taps[tap];
    narrow[i] = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
  }
  return voice_model_hear(model, narrow, is_prompt_playing);
}

bool voice_model_line_is_quiet(const VoiceModel *model) {
  return model->floor < quiet && model->floor_band < quiet_band;
}

bool voice_model_frame_is_soft(const VoiceModel *model) { return model->loudest[0] < soft; }

void voice_model_features(const VoiceModel *model, float *features) {
  memcpy(features, model->features, sizeof(float) * VOICE_MODEL_FEATURES);
}
