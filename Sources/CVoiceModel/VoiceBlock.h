// The arithmetic of one frame for VOICE_BLOCK models at once: a lane is a model, VECTORS vectors of LANES are a block.
// Included after VoiceKernel.h: it computes the same but for the last digits. BLOCK is the function's name.
// No model has an echo taken out.

_Static_assert(LANES * VECTORS == VOICE_BLOCK, "a lane is a model");

typedef int Integers __attribute__((ext_vector_type(LANES)));

// Outputs of a matrix whose sums stay in registers.
enum { TOGETHER = VECTORS == 1 ? 8 : 4 };

static inline Vector least(Vector a, Vector b) { return __builtin_elementwise_min(a, b); }
static inline Vector most(Vector a, Vector b) { return __builtin_elementwise_max(a, b); }

// The same as for vectors of four.
static inline Vector logarithms(Vector x) {
  float numbers[LANES];
  store(numbers, x);
  for (int i = 0; i < LANES; i += 4) store_four(numbers + i, logarithm(load_four(numbers + i)));
  return load(numbers);
}

static inline void transpose(Four *rows) {
  Four low = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  Four low2 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  Four high = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  Four high2 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = __builtin_shufflevector(low, high, 0, 1, 4, 5);
  rows[1] = __builtin_shufflevector(low, high, 2, 3, 6, 7);
  rows[2] = __builtin_shufflevector(low2, high2, 0, 1, 4, 5);
  rows[3] = __builtin_shufflevector(low2, high2, 2, 3, 6, 7);
}

// `count` numbers, a multiple of four, of each model of a vector, side by side, and back. Where a lane is to be
// written for nobody its row is a spare one.
static inline void gather(const float *const *rows, int count, Vector *lanes, int stride) {
  for (int lane = 0; lane < LANES; lane += 4) {
    for (int i = 0; i < count; i += 4) {
      Four four[4];
      for (int row = 0; row < 4; row++) four[row] = load_four(rows[lane + row] + i);
      transpose(four);
      for (int row = 0; row < 4; row++) store_four((float *)(lanes + (i + row) * stride) + lane, four[row]);
    }
  }
}
static inline void scatter(const Vector *lanes, int stride, int count, float *const *rows) {
  for (int lane = 0; lane < LANES; lane += 4) {
    for (int i = 0; i < count; i += 4) {
      Four four[4];
      for (int row = 0; row < 4; row++) four[row] = load_four((const float *)(lanes + (i + row) * stride) + lane);
      transpose(four);
      for (int row = 0; row < 4; row++) store_four(rows[lane + row] + i, four[row]);
    }
  }
}

// `count` complex numbers, 128 or 64, by Stockham's way in passes of four, and of two at the end. Leaves the result in
// `re` and `im`, or in the room beside; says which.
static inline __attribute__((always_inline)) bool transform(const VoiceTables *tables, const int count, Vector *re,
                                                            Vector *im, Vector *other_re, Vector *other_im) {
  Vector *xr = re, *xi = im, *yr = other_re, *yi = other_im;
  int left = count, stride = 1, step = WINDOW / count;
  for (; left >= 4; left /= 4, stride *= 4) {
    int quarter = left / 4;
    for (int p = 0; p < quarter; p++) {
      int angle = p * stride * step;
      float w1 = tables->cosine[angle], v1 = tables->sine[angle];
      float w2 = tables->cosine[2 * angle], v2 = tables->sine[2 * angle];
      float w3 = tables->cosine[3 * angle], v3 = tables->sine[3 * angle];
      for (int q = 0; q < stride; q++) {
        int at = q + stride * p, next = stride * quarter, to = q + stride * 4 * p;
        Vector ar = xr[at], ai = xi[at], br = xr[at + next], bi = xi[at + next];
        Vector cr = xr[at + 2 * next], ci = xi[at + 2 * next], dr = xr[at + 3 * next], di = xi[at + 3 * next];
        Vector pr = ar + cr, pi = ai + ci, mr = ar - cr, mi = ai - ci, qr = br + dr, qi = bi + di;
        Vector jr = di - bi, ji = br - dr;
        yr[to] = pr + qr;
        yi[to] = pi + qi;
        yr[to + stride] = (mr - jr) * w1 - (mi - ji) * v1;
        yi[to + stride] = (mr - jr) * v1 + (mi - ji) * w1;
        yr[to + 2 * stride] = (pr - qr) * w2 - (pi - qi) * v2;
        yi[to + 2 * stride] = (pr - qr) * v2 + (pi - qi) * w2;
        yr[to + 3 * stride] = (mr + jr) * w3 - (mi + ji) * v3;
        yi[to + 3 * stride] = (mr + jr) * v3 + (mi + ji) * w3;
      }
    }
    Vector *swap = xr;
    xr = yr, yr = swap, swap = xi, xi = yi, yi = swap;
  }
  if (left == 2) {
    for (int q = 0; q < stride; q++) {
      yr[q] = xr[q] + xr[q + stride], yi[q] = xi[q] + xi[q + stride];
      yr[q + stride] = xr[q] - xr[q + stride], yi[q + stride] = xi[q] - xi[q + stride];
    }
    xr = yr;
  }
  return xr == re;
}

typedef struct {
  Vector re[HALF], im[HALF], re2[HALF], im2[HALF];
} BlockRoom;

static void block_spectrum(const VoiceTables *tables, const Vector *samples, BlockRoom *room, Vector *power) {
  Vector sum = 0, sum2 = 0;
  for (int i = 0; i < WINDOW; i += 2) sum += samples[i], sum2 += samples[i + 1];
  Vector mean = (sum + sum2) * (1.0f / WINDOW);
  for (int i = 0; i < HALF; i++) {
    room->re[i] = (samples[2 * i] - mean) * tables->window[2 * i];
    room->im[i] = (samples[2 * i + 1] - mean) * tables->window[2 * i + 1];
  }
  bool is_here = transform(tables, HALF, room->re, room->im, room->re2, room->im2);
  const Vector *re = is_here ? room->re : room->re2, *im = is_here ? room->im : room->im2;
  Vector first = re[0] + im[0], last = re[0] - im[0];
  power[0] = first * first * (1.0f / WINDOW);
  power[HALF] = last * last * (1.0f / WINDOW);
  for (int k = 1; k <= HALF / 2; k++) {
    int other = HALF - k;
    Vector er = 0.5f * (re[k] + re[other]), ei = 0.5f * (im[k] - im[other]);
    Vector qr = 0.5f * (im[k] + im[other]), qi = 0.5f * (re[other] - re[k]);
    Vector tr = qr * tables->cosine[k] - qi * tables->sine[k], ti = qr * tables->sine[k] + qi * tables->cosine[k];
    Vector r = er + tr, i = ei + ti, r2 = er - tr, i2 = ti - ei;
    power[k] = (r * r + i * i) * (1.0f / WINDOW);
    power[other] = (r2 * r2 + i2 * i2) * (1.0f / WINDOW);
  }
}

// Of a spectrum of magnitudes, as for one model.
static void block_autocorrelation(const VoiceTables *tables, const Vector *magnitudes, BlockRoom *room, Vector *lags) {
  enum { COUNT = HALF / 2 };
  Vector y[HALF], odd = magnitudes[0] - magnitudes[HALF];
  y[0] = magnitudes[0] + magnitudes[HALF];
  for (int j = 1; j < COUNT; j++) {
    Vector sum = magnitudes[j] + magnitudes[HALF - j], difference = magnitudes[j] - magnitudes[HALF - j];
    odd += 2 * difference * tables->cosine[j];
    y[j] = sum + 2 * tables->sine[j] * difference;
    y[HALF - j] = sum - 2 * tables->sine[j] * difference;
  }
  y[COUNT] = 2 * magnitudes[COUNT];
  for (int i = 0; i < COUNT; i++) room->re[i] = y[2 * i], room->im[i] = y[2 * i + 1];
  bool is_here = transform(tables, COUNT, room->re, room->im, room->re2, room->im2);
  const Vector *re = is_here ? room->re : room->re2, *im = is_here ? room->im : room->im2;
  lags[0] = re[0] + im[0];
  lags[1] = odd;
  for (int k = 1; k <= LONGEST / 2; k++) {
    int other = COUNT - k;
    float c = tables->half_cosine[k], s = tables->half_sine[k];
    Vector er = 0.5f * (re[k] + re[other]), ei = 0.5f * (im[k] - im[other]);
    Vector qr = 0.5f * (im[k] + im[other]), qi = 0.5f * (re[other] - re[k]);
    lags[2 * k] = er + qr * c - qi * s;
    lags[2 * k + 1] = odd -= ei + qr * s + qi * c;
  }
}

// How strongly each of a vector's models' windows repeats itself, and after how long: the last two of its features.
static inline void block_pitch(const VoiceTables *tables, Vector *power, BlockRoom *room, Vector *features) {
  Vector lags[LONGEST + 2];
  for (int i = 0; i <= HALF; i++) power[i] = __builtin_elementwise_sqrt(power[i]);
  block_autocorrelation(tables, power, room, lags);
  Vector top = lags[SHORTEST], best = (float)SHORTEST;
  for (int lag = SHORTEST + 1; lag <= LONGEST; lag++) {
    Integers is_higher = lags[lag] > top;
    top = is_higher ? lags[lag] : top;
    best = is_higher ? (Vector)(float)lag : best;
  }
  features[0] = top / (lags[0] + (float)WINDOW);
  features[1] = best * (1 / 100.0f);
}

// The features of a vector's models but for the prompt's, in an order of their own: BANDS + 2, with room for two more.
static void block_listen(VoiceModel *const *models, int count, const float *const *windows, Vector *features) {
  const VoiceTables *tables = models[0]->tables;
  bool is_silent = true;
  for (int i = 0; i < count; i++) is_silent = is_silent && window_is_silent(models[i]);
  if (is_silent) {
    // Of spectra of zeros.
    for (int i = 0; i < BANDS; i++) features[i] = logarithms((Vector)silent);
    features[BANDS] = 0;
    features[BANDS + 1] = (Vector)(float)SHORTEST * (1 / 100.0f);
  } else {
    BlockRoom room;
    Vector samples[WINDOW], power[HALF + 1];
    gather(windows, WINDOW, samples, 1);
    block_spectrum(tables, samples, &room, power);
    for (int i = 0; i < BANDS; i++) {
      const Band *band = &tables->bands[i];
      Vector energy = silent;
      for (int j = 0; j < band->count; j++) energy += band->weights[j] * power[band->first + j];
      features[i] = logarithms(energy);
    }
    block_pitch(tables, power, &room, features + BANDS);
  }
  features[BANDS + 2] = features[BANDS + 3] = 0;
  Vector level = 0, loudest = 0;
  for (int i = 0; i < BANDS; i++) {
    level += features[i] * (1.0f / BANDS);
    loudest = most(loudest, features[i]);
  }
  for (int i = 0; i < count; i++) {
    VoiceModel *model = models[i];
    float floor = model->floor + rise, floor_band = model->floor_band + rise;
    model->floor = floor < level[i] ? floor : level[i];
    model->floor_band = floor_band < loudest[i] ? floor_band : loudest[i];
    memmove(model->loudest, model->loudest + 1, sizeof(float) * VOICE_MODEL_DELAY);
    model->loudest[VOICE_MODEL_DELAY] = loudest[i];
  }
}

// output += matrix' * input, for each lane.
static inline __attribute__((always_inline)) void block_multiply(const float *matrix, int inputs, int outputs,
                                                                 const Vector *input, Vector *output) {
  for (int i = 0; i < outputs; i += TOGETHER) {
    Vector sums[TOGETHER][VECTORS];
    memcpy(sums, output + i * VECTORS, sizeof sums);
    for (int j = 0; j < inputs; j++) {
      const float *row = matrix + j * outputs + i;
#pragma unroll
      for (int m = 0; m < TOGETHER; m++) {
#pragma unroll
        for (int v = 0; v < VECTORS; v++) sums[m][v] += row[m] * input[j * VECTORS + v];
      }
    }
    memcpy(output + i * VECTORS, sums, sizeof sums);
  }
}

static inline __attribute__((always_inline)) void block_recur(const float *w, const float *u, const float *b,
                                                              const float *c, const Vector *input, const int inputs,
                                                              Vector *state, const int count) {
  Vector forward[3 * FIRST * VECTORS], back[3 * FIRST * VECTORS];
  for (int i = 0; i < 3 * count * VECTORS; i++) forward[i] = b[i / VECTORS], back[i] = 0;
  block_multiply(w, inputs, 3 * count, input, forward);
  block_multiply(u, count, 3 * count, state, back);
  for (int i = 0; i < count * VECTORS; i++) {
    int gate = count * VECTORS;
    Vector reset = sigmoid(forward[i] + back[i]), update = sigmoid(forward[gate + i] + back[gate + i]);
    Vector candidate = tangent(forward[2 * gate + i] + reset * (back[2 * gate + i] + c[i / VECTORS]));
    state[i] = candidate + update * (state[i] - candidate);
  }
}

void BLOCK(VoiceModel *const *models, int count, float *probabilities) {
  enum { OLD = INPUTS - FEATURES, HEARD = BANDS + 2 };
  Vector inputs[(INPUTS + PADDING) * VECTORS], first[FIRST * VECTORS], second[SECOND * VECTORS];
  const float *from[4][VOICE_BLOCK];
  float *to[4][VOICE_BLOCK], spare[INPUTS + PADDING], heard[VOICE_BLOCK][HEARD + 2];
  // What is left of the block computes with the first model's numbers, for nobody.
  for (int i = 0; i < VOICE_BLOCK; i++) {
    VoiceModel *model = models[i < count ? i : 0];
    from[0][i] = model->samples, from[1][i] = model->inputs + FEATURES, from[2][i] = model->first;
    from[3][i] = model->second;
    bool is_model = i < count;
    to[0][i] = heard[i], to[1][i] = is_model ? model->inputs : spare, to[2][i] = is_model ? model->first : spare;
    to[3][i] = is_model ? model->second : spare;
  }
  for (int v = 0; v < VECTORS; v++) {
    int lane = v * LANES, here = count - lane < 0 ? 0 : count - lane < LANES ? count - lane : LANES;
    Vector features[HEARD + 2];
    block_listen(models + (here > 0 ? lane : 0), here, from[0] + lane, features);
    scatter(features, 1, HEARD + 2, to[0] + lane);
    gather(from[1] + lane, OLD + 2, inputs + v, VECTORS);
    gather(from[2] + lane, FIRST, first + v, VECTORS);
    gather(from[3] + lane, SECOND, second + v, VECTORS);
    for (int i = 0; i < HEARD; i++) inputs[(OLD + i) * VECTORS + v] = (features[i] - voice_mean[i]) * voice_scale[i];
    Vector prompt = 0;
    for (int i = 0; i < here; i++) prompt[i] = models[lane + i]->features[PROMPT];
    inputs[(OLD + PROMPT) * VECTORS + v] = (prompt - voice_mean[PROMPT]) * voice_scale[PROMPT];
    for (int i = 0; i < PADDING; i++) inputs[(INPUTS + i) * VECTORS + v] = 0;
    scatter(inputs + v, VECTORS, INPUTS + PADDING, to[1] + lane);
  }
  for (int i = 0; i < count; i++) memcpy(models[i]->features, heard[i], sizeof(float) * HEARD);
  Vector dense[DENSE * VECTORS];
  for (int i = 0; i < DENSE * VECTORS; i++) dense[i] = voice_dense_b[i / VECTORS];
  block_multiply(voice_dense_w, INPUTS, DENSE, inputs, dense);
  for (int i = 0; i < DENSE * VECTORS; i++) dense[i] = most(dense[i], (Vector)0.0f);
  block_recur(voice_first_w, voice_first_u, voice_first_b, voice_first_c, dense, DENSE, first, FIRST);
  block_recur(voice_second_w, voice_second_u, voice_second_b, voice_second_c, first, FIRST, second, SECOND);
  for (int v = 0; v < VECTORS; v++) {
    Vector sum = voice_out_b[0];
    for (int i = 0; i < FIRST; i++) sum += first[i * VECTORS + v] * voice_out_w[i];
    for (int i = 0; i < SECOND; i++) sum += second[i * VECTORS + v] * voice_out_w[FIRST + i];
    Vector out = sigmoid(sum);
    scatter(first + v, VECTORS, FIRST, to[2] + v * LANES);
    scatter(second + v, VECTORS, SECOND, to[3] + v * LANES);
    for (int i = 0; i < LANES && v * LANES + i < count; i++) probabilities[v * LANES + i] = out[i];
  }
}
