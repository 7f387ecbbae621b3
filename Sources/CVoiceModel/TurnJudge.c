#include "turn_judge.h"

#include <math.h>

#include "VoiceModelState.h"

_Static_assert(FIRST + SECOND == TURN_JUDGE_UNITS, "the judge hears the units of both layers");

static const float speech = 0.5f;
static const float rates[2] = {1.0f / 8, 1.0f / 50};

void turn_memory_hear(TurnMemory *memory, const VoiceModel *model, float probability) {
  if (!(probability >= speech)) return;
  for (int which = 0; which < 2; which++) {
    float *means = memory->means + which * TURN_JUDGE_UNITS;
    for (int i = 0; i < FIRST; i++) means[i] += rates[which] * (model->first[i] - means[i]);
    for (int i = 0; i < SECOND; i++) means[FIRST + i] += rates[which] * (model->second[i] - means[FIRST + i]);
  }
}

float turn_judge(const TurnMemory *memory, const float *weights) {
  const float *add = weights + TURN_JUDGE_INPUTS * TURN_JUDGE_HIDDEN, *out = add + TURN_JUDGE_HIDDEN;
  float hidden[TURN_JUDGE_HIDDEN], sum = out[TURN_JUDGE_HIDDEN];
  for (int j = 0; j < TURN_JUDGE_HIDDEN; j++) hidden[j] = add[j];
  for (int i = 0; i < TURN_JUDGE_INPUTS; i++) {
    for (int j = 0; j < TURN_JUDGE_HIDDEN; j++) hidden[j] += memory->means[i] * weights[i * TURN_JUDGE_HIDDEN + j];
  }
  for (int j = 0; j < TURN_JUDGE_HIDDEN; j++) sum += tanhf(hidden[j]) * out[j];
  return 1 / (1 + expf(-sum));
}
