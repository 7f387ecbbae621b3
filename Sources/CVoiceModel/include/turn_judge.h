#ifndef PATCHBAY_TURN_JUDGE_H
#define PATCHBAY_TURN_JUDGE_H

#include "voice_model.h"

// A second head on the voice network: how likely it is that a turn is over, from the speech before a silence. Its weights
// are nobody's until they are trained: Scripts/speech/judge.py makes a file of them, of conversations. Nothing is
// allocated for a frame.

enum {
  TURN_JUDGE_UNITS = 72,
  // Of each unit, a mean over 8 frames and one over 50.
  TURN_JUDGE_INPUTS = 2 * TURN_JUDGE_UNITS,
  TURN_JUDGE_HIDDEN = 8,
  // Input by input to the hidden units, what is added to each of these, the same for the one that is left.
  TURN_JUDGE_WEIGHTS = TURN_JUDGE_INPUTS * TURN_JUDGE_HIDDEN + 2 * TURN_JUDGE_HIDDEN + 1,
};

// What is kept of the speech so far; all zero at first.
typedef struct {
  float means[TURN_JUDGE_INPUTS];
} TurnMemory;

// Takes the frame that was judged last, and how likely it was speech: without speech nothing changes.
void turn_memory_hear(TurnMemory *memory, const VoiceModel *model, float probability);

// How likely it is, 0 to 1, that a turn is over that is silent now, by TURN_JUDGE_WEIGHTS weights.
float turn_judge(const TurnMemory *memory, const float *weights);

#endif
