#ifndef PATCHBAY_VOICE_MODEL_WEIGHTS_H
#define PATCHBAY_VOICE_MODEL_WEIGHTS_H

enum {
  BANDS = 20,
  FEATURES = 23,
  CONTEXT = 3,
  INPUTS = FEATURES * CONTEXT,
  DENSE = 32,
  FIRST = 48,
  SECOND = 24,
  WINDOW = 256,
  HALF = WINDOW / 2,
};

// Matrices are stored input by input. Gates come in the order reset, update, new.
extern const float voice_mean[FEATURES], voice_scale[FEATURES];
extern const float voice_dense_w[INPUTS * DENSE], voice_dense_b[DENSE];
extern const float voice_first_w[DENSE * 3 * FIRST], voice_first_u[FIRST * 3 * FIRST], voice_first_b[3 * FIRST];
extern const float voice_first_c[FIRST];
extern const float voice_second_w[FIRST * 3 * SECOND], voice_second_u[SECOND * 3 * SECOND], voice_second_b[3 * SECOND];
extern const float voice_second_c[SECOND];
extern const float voice_out_w[FIRST + SECOND], voice_out_b[1];

#endif
