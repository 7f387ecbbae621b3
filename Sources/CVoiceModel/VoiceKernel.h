// The arithmetic of one frame. Included once for each width: LANES floats are a vector, KERNEL and MEASURE are
// the names of the functions. Scripts/speech/features.py and model.py compute the same: what is changed here is changed there.

#include <string.h>

#include "VoiceModelState.h"

typedef float Vector __attribute__((ext_vector_type(LANES)));
typedef float Four __attribute__((ext_vector_type(4)));
typedef int FourIntegers __attribute__((ext_vector_type(4)));

static inline Vector load(const float *from) {
  Vector value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline void store(float *to, Vector value) { memcpy(to, &value, sizeof value); }
static inline Four load_four(const float *from) {
  Four value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline void store_four(float *to, Four value) { memcpy(to, &value, sizeof value); }

static inline float sum_of(Vector value) {
  float parts[LANES], sum = 0;
  memcpy(parts, &value, sizeof value);
  for (int i = 0; i < LANES; i++) sum += parts[i];
  return sum;
}

// The quietest moments' mean logarithm, and that of their loudest band, rise by one in a second.
static const float rise = 0.02f;

// The first pass of a transform: four quarters of the input, turned, are written side by side.
static inline __attribute__((always_inline)) void first_pass(const VoiceTables *tables, int count, const float *xr,
                                                             const float *xi, float *yr, float *yi) {
  int quarter = count / 4;
  const float (*turns)[2][HALF / 4] = tables->turns[count == HALF ? 0 : 1];
  for (int p = 0; p < quarter; p += 4) {
    Four ar = load_four(xr + p), ai = load_four(xi + p);
    Four br = load_four(xr + p + quarter), bi = load_four(xi + p + quarter);
    Four cr = load_four(xr + p + 2 * quarter), ci = load_four(xi + p + 2 * quarter);
    Four dr = load_four(xr + p + 3 * quarter), di = load_four(xi + p + 3 * quarter);
    Four pr = ar + cr, pi = ai + ci, mr = ar - cr, mi = ai - ci, qr = br + dr, qi = bi + di;
    Four jr = di - bi, ji = br - dr;
    Four r[4], i[4];
    r[0] = pr + qr, i[0] = pi + qi;
    Four tr[3] = {mr - jr, pr - qr, mr + jr}, ti[3] = {mi - ji, pi - qi, mi + ji};
    for (int k = 0; k < 3; k++) {
      Four wr = load_four(turns[k][0] + p), wi = load_four(turns[k][1] + p);
      r[k + 1] = tr[k] * wr - ti[k] * wi;
      i[k + 1] = tr[k] * wi + ti[k] * wr;
    }
    for (int k = 0; k < 2; k++) {
      const Four *v = k == 0 ? r : i;
      float *to = (k == 0 ? yr : yi) + 4 * p;
      Four low = __builtin_shufflevector(v[0], v[1], 0, 4, 1, 5),
           high = __builtin_shufflevector(v[2], v[3], 0, 4, 1, 5);
      Four low2 = __builtin_shufflevector(v[0], v[1], 2, 6, 3, 7),
           high2 = __builtin_shufflevector(v[2], v[3], 2, 6, 3, 7);
      store_four(to, __builtin_shufflevector(low, high, 0, 1, 4, 5));
      store_four(to + 4, __builtin_shufflevector(low, high, 2, 3, 6, 7));
      store_four(to + 8, __builtin_shufflevector(low2, high2, 0, 1, 4, 5));
      store_four(to + 12, __builtin_shufflevector(low2, high2, 2, 3, 6, 7));
    }
  }
}

// A later pass: `stride` numbers are alike, in groups of four quarters.
static inline __attribute__((always_inline)) void pass(const VoiceTables *tables, int count, int stride,
                                                       const float *xr, const float *xi, float *yr, float *yi) {
  int quarter = count / stride / 4, step = WINDOW / count * stride;
  for (int p = 0; p < quarter; p++) {
    float w1 = tables->cosine[p * step], v1 = tables->sine[p * step];
    float w2 = tables->cosine[2 * p * step], v2 = tables->sine[2 * p * step];
    float w3 = tables->cosine[3 * p * step], v3 = tables->sine[3 * p * step];
    for (int q = 0; q < stride; q += 4) {
      int at = q + stride * p, next = stride * quarter, to = q + stride * 4 * p;
      Four ar = load_four(xr + at), ai = load_four(xi + at);
      Four br = load_four(xr + at + next), bi = load_four(xi + at + next);
      Four cr = load_four(xr + at + 2 * next), ci = load_four(xi + at + 2 * next);
      Four dr = load_four(xr + at + 3 * next), di = load_four(xi + at + 3 * next);
      Four pr = ar + cr, pi = ai + ci, mr = ar - cr, mi = ai - ci, qr = br + dr, qi = bi + di;
      Four jr = di - bi, ji = br - dr;
      store_four(yr + to, pr + qr);
      store_four(yi + to, pi + qi);
      store_four(yr + to + stride, (mr - jr) * w1 - (mi - ji) * v1);
      store_four(yi + to + stride, (mr - jr) * v1 + (mi - ji) * w1);
      store_four(yr + to + 2 * stride, (pr - qr) * w2 - (pi - qi) * v2);
      store_four(yi + to + 2 * stride, (pr - qr) * v2 + (pi - qi) * w2);
      store_four(yr + to + 3 * stride, (mr + jr) * w3 - (mi + ji) * v3);
      store_four(yi + to + 3 * stride, (mr + jr) * v3 + (mi + ji) * w3);
    }
  }
}

// 128 complex numbers, by Stockham's way in passes of four, four, four and two. Overwrites `re` and `im`.
static void transform_half(const VoiceTables *tables, float *re, float *im) {
  float yr[HALF], yi[HALF];
  first_pass(tables, HALF, re, im, yr, yi);
  pass(tables, HALF, 4, yr, yi, re, im);
  pass(tables, HALF, 16, re, im, yr, yi);
  for (int q = 0; q < HALF / 2; q += LANES) {
    Vector ar = load(yr + q), br = load(yr + q + HALF / 2), ai = load(yi + q), bi = load(yi + q + HALF / 2);
    store(re + q, ar + br);
    store(im + q, ai + bi);
    store(re + q + HALF / 2, ar - br);
    store(im + q + HALF / 2, ai - bi);
  }
}

// 64 complex numbers, in passes of four. Overwrites `re` and `im`.
static void transform_quarter(const VoiceTables *tables, float *re, float *im) {
  float yr[HALF / 2], yi[HALF / 2];
  first_pass(tables, HALF / 2, re, im, yr, yi);
  pass(tables, HALF / 2, 4, yr, yi, re, im);
  pass(tables, HALF / 2, 16, re, im, yr, yi);
  memcpy(re, yr, sizeof yr);
  memcpy(im, yi, sizeof yi);
}

// The natural logarithm of positive numbers, to single precision.
static inline Four logarithm(Four x) {
  FourIntegers bits;
  memcpy(&bits, &x, sizeof bits);
  FourIntegers exponent = (bits - 0x3f3504f3) >> 23;
  bits -= exponent << 23;
  Four f;
  memcpy(&f, &bits, sizeof f);
  f -= 1.0f;
  Four n = __builtin_convertvector(exponent, Four), z = f * f, y = 7.0376836292e-2f;
  y = y * f - 1.1514610310e-1f;
  y = y * f + 1.1676998740e-1f;
  y = y * f - 1.2420140846e-1f;
  y = y * f + 1.4249322787e-1f;
  y = y * f - 1.6668057665e-1f;
  y = y * f + 2.0000714765e-1f;
  y = y * f - 2.4999993993e-1f;
  y = y * f + 3.3333331174e-1f;
  y = y * f * z;
  y += -2.12194440e-4f * n;
  y -= 0.5f * z;
  return f + y + 0.693359375f * n;
}

// The power spectrum of a window: bins 0 to 128, in a room that reaches BAND_LONGEST further.
static void power_spectrum(const VoiceTables *tables, const float *samples, float *power) {
  float re[HALF], im[HALF];
  Vector sum = 0;
  for (int i = 0; i < WINDOW; i += LANES) sum += load(samples + i);
  float mean = sum_of(sum) / WINDOW;
  for (int i = 0; i < HALF; i += 4) {
    Four a = (load_four(samples + 2 * i) - mean) * load_four(tables->window + 2 * i);
    Four b = (load_four(samples + 2 * i + 4) - mean) * load_four(tables->window + 2 * i + 4);
    store_four(re + i, __builtin_shufflevector(a, b, 0, 2, 4, 6));
    store_four(im + i, __builtin_shufflevector(a, b, 1, 3, 5, 7));
  }
  transform_half(tables, re, im);
  float d0 = re[0] + im[0], last = re[0] - im[0];
  power[0] = d0 * d0 * (1.0f / WINDOW);
  power[HALF] = last * last * (1.0f / WINDOW);
  for (int k = 1; k < HALF / 2; k += 4) {
    // Four bins from k up, with their four partners from the end down; the last step takes the middle for its own
    // partner.
    int other = HALF - k - 3;
    Four zr = load_four(re + k), zi = load_four(im + k);
    Four or = load_four(re + other), oi = load_four(im + other);
    or = __builtin_shufflevector(or, or, 3, 2, 1, 0);
    oi = __builtin_shufflevector(oi, oi, 3, 2, 1, 0);
    Four er = 0.5f * (zr + or), ei = 0.5f * (zi - oi), qr = 0.5f * (zi + oi), qi = 0.5f * (or -zr);
    Four c = load_four(tables->cosine + k), s = load_four(tables->sine + k);
    Four tr = qr * c - qi * s, ti = qr * s + qi * c;
    Four r = er + tr, i = ei + ti, r2 = er - tr, i2 = ti - ei;
    Four low = (r * r + i * i) * (1.0f / WINDOW), high = (r2 * r2 + i2 * i2) * (1.0f / WINDOW);
    store_four(power + other, __builtin_shufflevector(high, high, 3, 2, 1, 0));
    store_four(power + k, low);
  }
  memset(power + HALF + 1, 0, sizeof(float) * BAND_LONGEST);
}

// The energy of each band, and `least` more.
static void energies_of(const VoiceTables *tables, const float *power, float least, float *energies) {
  for (int i = 0; i < BANDS; i++) {
    const Band *band = &tables->bands[i];
    Four energy = 0;
    for (int j = 0; j < band->count; j += 4)
      energy += load_four(band->weights + j) * load_four(power + band->first + j);
    energies[i] = least + (energy[0] + energy[1]) + (energy[2] + energy[3]);
  }
}

void MEASURE(const VoiceTables *tables, const float *window, float *energies) {
  float power[HALF + 1 + BAND_LONGEST];
  power_spectrum(tables, window, power);
  energies_of(tables, power, 0, energies);
}

// Of a band so many times the echo that is expected is taken away, since it varies; what is left is made 6 dB louder.
static const float caution = 4, louder = 4;

// Takes the echo out of a spectrum, band by band.
static void subtract(const VoiceTables *tables, const float *echo, float *power) {
  float energies[BANDS], gain[HALF + 1] = {0}, weight[HALF + 1] = {0};
  energies_of(tables, power, 1, energies);
  for (int i = 0; i < BANDS; i++) {
    const Band *band = &tables->bands[i];
    float rest = energies[i] - caution * echo[i];
    rest = rest > 0 ? louder * rest / energies[i] : 0;
    for (int j = 0; j < band->count; j++) {
      gain[band->first + j] += rest * band->weights[j];
      weight[band->first + j] += band->weights[j];
    }
  }
  for (int i = 0; i <= HALF; i++) power[i] *= weight[i] > 0 ? gain[i] / weight[i] : 0;
}

static void set_features(VoiceModel *model, const float *power) {
  energies_of(model->tables, power, silent, model->features);
  for (int i = 0; i < BANDS; i += 4) store_four(model->features + i, logarithm(load_four(model->features + i)));
}

// The autocorrelation at the lags 0 and SHORTEST to LONGEST of a spectrum of magnitudes, bins 0 to 128: a cosine
// transform of 129 numbers, by a real transform of 128 for the even lags and a running sum for the odd ones.
static void autocorrelation(const VoiceTables *tables, const float *magnitudes, float *lags) {
  float y[HALF], re[HALF / 2], im[HALF / 2];
  Four odd4 = 0;
  y[0] = magnitudes[0] + magnitudes[HALF];
  for (int j = 1; j < HALF / 2; j += 4) {
    // As above.
    int other = HALF - j - 3;
    Four a = load_four(magnitudes + j), b = load_four(magnitudes + other);
    b = __builtin_shufflevector(b, b, 3, 2, 1, 0);
    Four sum = a + b, difference = a - b;
    Four c = load_four(tables->cosine + j), s = load_four(tables->sine + j);
    odd4 += difference * c;
    Four high = sum - 2 * s * difference, low = sum + 2 * s * difference;
    store_four(y + other, __builtin_shufflevector(high, high, 3, 2, 1, 0));
    store_four(y + j, low);
  }
  float odd = magnitudes[0] - magnitudes[HALF] + 2 * (odd4[0] + odd4[1] + odd4[2] + odd4[3]);
  for (int i = 0; i < HALF / 2; i += 4) {
    Four a = load_four(y + 2 * i), b = load_four(y + 2 * i + 4);
    store_four(re + i, __builtin_shufflevector(a, b, 0, 2, 4, 6));
    store_four(im + i, __builtin_shufflevector(a, b, 1, 3, 5, 7));
  }
  transform_quarter(tables, re, im);
  lags[0] = re[0] + im[0];
  float steps[LONGEST / 2 + 4];
  for (int k = 1; k <= LONGEST / 2; k += 4) {
    int other = HALF / 2 - k - 3;
    Four zr = load_four(re + k), zi = load_four(im + k), or = load_four(re + other), oi = load_four(im + other);
    or = __builtin_shufflevector(or, or, 3, 2, 1, 0);
    oi = __builtin_shufflevector(oi, oi, 3, 2, 1, 0);
    Four er = 0.5f * (zr + or), ei = 0.5f * (zi - oi), qr = 0.5f * (zi + oi), qi = 0.5f * (or -zr);
    Four c = load_four(tables->half_cosine + k), s = load_four(tables->half_sine + k);
    Four even = er + qr * c - qi * s;
    store_four(steps + k - 1, ei + qr * s + qi * c);
    store_four(lags + 2 * k, __builtin_shufflevector(even, even, 0, 0, 1, 1));
    store_four(lags + 2 * k + 4, __builtin_shufflevector(even, even, 2, 2, 3, 3));
  }
  for (int k = 1; k <= LONGEST / 2; k++) lags[2 * k + 1] = odd -= steps[k - 1];
}

// The first of the highest lags, SHORTEST to LONGEST.
static int peak(const float *lags) {
  Vector highest = load(lags + SHORTEST);
  int at = SHORTEST + LANES;
  for (; at + LANES <= LONGEST + 1; at += LANES) highest = __builtin_elementwise_max(highest, load(lags + at));
  float top = highest[0];
  for (int i = 1; i < LANES; i++) top = highest[i] > top ? highest[i] : top;
  for (; at <= LONGEST; at++) top = lags[at] > top ? lags[at] : top;
  for (int lag = SHORTEST; lag < LONGEST; lag++) {
    if (lags[lag] >= top) return lag;
  }
  return LONGEST;
}

static void listen(VoiceModel *model) {
  const VoiceTables *tables = model->tables;
  float power[HALF + 1 + BAND_LONGEST], magnitudes[HALF + 4], lags[LONGEST + 8];
  bool is_silent = window_is_silent(model);
  if (is_silent) {
    // A spectrum of zeros.
    for (int i = 0; i < BANDS; i += 4) store_four(model->features + i, logarithm((Four)silent));
  } else {
    power_spectrum(tables, model->samples, power);
    set_features(model, power);
  }
  float level = 0, loudest = 0;
  for (int i = 0; i < BANDS; i++) {
    level += model->features[i] * (1.0f / BANDS);
    loudest = model->features[i] > loudest ? model->features[i] : loudest;
  }
  float floor = model->floor + rise, floor_band = model->floor_band + rise;
  model->floor = floor < level ? floor : level;
  model->floor_band = floor_band < loudest ? floor_band : loudest;
  memmove(model->loudest, model->loudest + 1, sizeof(float) * VOICE_MODEL_DELAY);
  model->loudest[VOICE_MODEL_DELAY] = loudest;
  // The line's floor and its level are those of the line as it is.
  if (model->echo != NULL) {
    subtract(tables, model->echo, power);
    set_features(model, power);
  }
  if (is_silent) {
    model->features[BANDS] = 0;
    model->features[BANDS + 1] = (float)SHORTEST / 100.0f;
    return;
  }
  // Autocorrelation of the magnitudes: a periodic frame has a peak at its period, whatever its spectrum's slope is.
  for (int i = 0; i < HALF; i += LANES) store(magnitudes + i, __builtin_elementwise_sqrt(load(power + i)));
  magnitudes[HALF] = __builtin_sqrtf(power[HALF]);
  autocorrelation(tables, magnitudes, lags);
  int best = peak(lags);
  model->features[BANDS] = lags[best] / (lags[0] + WINDOW);
  model->features[BANDS + 1] = (float)best / 100.0f;
}

// output += matrix' * input, for VECTORS vectors of the output, which stay in registers.
static inline __attribute__((always_inline)) void multiply(const float *matrix, int stride, const float *input,
                                                           int inputs, float *output, const int vectors) {
  Vector sums[9];
  for (int v = 0; v < vectors; v++) sums[v] = load(output + v * LANES);
  for (int j = 0; j < inputs; j++) {
    const float *row = matrix + j * stride;
    Vector in = input[j];
#pragma unroll
    for (int v = 0; v < vectors; v++) sums[v] += load(row + v * LANES) * in;
  }
  for (int v = 0; v < vectors; v++) store(output + v * LANES, sums[v]);
}

// The hyperbolic tangent to single precision, by a quotient of polynomials.
static inline Vector tangent(Vector x) {
  x = __builtin_elementwise_min(__builtin_elementwise_max(x, (Vector)-7.905f), (Vector)7.905f);
  Vector y = x * x;
  Vector p = -2.76076847742355e-16f;
  p = p * y + 2.00018790482477e-13f;
  p = p * y - 8.60467152213735e-11f;
  p = p * y + 5.12229709037114e-08f;
  p = p * y + 1.48572235717979e-05f;
  p = p * y + 6.37261928875436e-04f;
  p = p * y + 4.89352455891786e-03f;
  Vector q = 1.19825839466702e-06f;
  q = q * y + 1.18534705686654e-04f;
  q = q * y + 2.26843463243900e-03f;
  q = q * y + 4.89352518554385e-03f;
  return x * p / q;
}

static inline Vector sigmoid(Vector x) { return 0.5f + 0.5f * tangent(0.5f * x); }

static inline __attribute__((always_inline)) void recur(const float *w, const float *u, const float *b, const float *c,
                                                        const float *input, const int inputs, float *state,
                                                        const int count) {
  enum { STEP = 9 * LANES };
  float forward[3 * FIRST], back[3 * FIRST];
  memcpy(forward, b, sizeof(float) * 3 * (size_t)count);
  memset(back, 0, sizeof(float) * 3 * (size_t)count);
  for (int at = 0; at < 3 * count; at += STEP) {
    multiply(w + at, 3 * count, input, inputs, forward + at, 9);
    multiply(u + at, 3 * count, state, count, back + at, 9);
  }
  for (int i = 0; i < count; i += LANES) {
    Vector reset = sigmoid(load(forward + i) + load(back + i));
    Vector update = sigmoid(load(forward + count + i) + load(back + count + i));
    Vector candidate = tangent(load(forward + 2 * count + i) + reset * (load(back + 2 * count + i) + load(c + i)));
    store(state + i, candidate + update * (load(state + i) - candidate));
  }
}

static float judge(VoiceModel *model) {
  memmove(model->inputs, model->inputs + FEATURES, sizeof(float) * (INPUTS - FEATURES));
  for (int i = 0; i < FEATURES; i++) model->inputs[INPUTS - FEATURES + i] = normal(model->features[i], i);
  float dense[DENSE];
  memcpy(dense, voice_dense_b, sizeof dense);
  multiply(voice_dense_w, DENSE, model->inputs, INPUTS, dense, DENSE / LANES);
  for (int i = 0; i < DENSE; i += LANES) store(dense + i, __builtin_elementwise_max(load(dense + i), (Vector)0.0f));
  recur(voice_first_w, voice_first_u, voice_first_b, voice_first_c, dense, DENSE, model->first, FIRST);
  recur(voice_second_w, voice_second_u, voice_second_b, voice_second_c, model->first, FIRST, model->second, SECOND);
  Vector sum = 0;
  for (int i = 0; i < FIRST; i += LANES) sum += load(model->first + i) * load(voice_out_w + i);
  for (int i = 0; i < SECOND; i += LANES) sum += load(model->second + i) * load(voice_out_w + FIRST + i);
  Vector out = sigmoid((Vector)(voice_out_b[0] + sum_of(sum)));
  return out[0];
}

float KERNEL(VoiceModel *model) {
  listen(model);
  return judge(model);
}
