#include "echo_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "VoiceModelState.h"

// Of the network's bands these are compared: 400 to 2,800 Hz, where a prompt is strong and few loudspeakers are deaf.
enum { FIRST_BAND = 5, COMPARED = 12 };
// A hop is 10 ms; delays are found from none to 890 ms.
enum { HOP = VOICE_MODEL_FRAME / 2, LAGS = 90, REMEMBERED = 96 };
// What was played of late: the longest delay, a window and more; a power of two.
enum { PLAYED = 8192, LATE = WINDOW + VOICE_MODEL_FRAME };

// Below this energy a band is silence: where a delay is looked for, a line's own noise must not count.
static const float silence = 400;
// How fast a band's mean follows its logarithm, for each hop; what is left of it are the syllables.
static const float mean_rate = 0.15f, largest = 4;
// What is left of the past after a hop: of the look at the last 125 ms, and of that at the last second and a half.
static const float brief = 0.92f, lasting = 0.993f;
// Nothing is made of silence: so much is added to what the likeness is divided by.
static const float little_brief = 400, little_lasting = 30000;
// The likeness of the line to what was played, 1 at most: from which on an echo is followed, and below which no longer.
static const float found = 0.45f, lost = 0.3f;
// Frames for which the delay has to stay: a caller's words are like a prompt now and then, with a delay that wanders.
enum { STEADY = 15 };
// From this likeness on, lately, the line may be an echo and nothing else; from the other on, where another delay than
// the one that is followed has stayed for so many frames.
static const float only_echo = 0.78f, maybe_jump = 0.45f;
enum { JUMPING = 5 };
// Another delay is taken at once if the line is so like what was played with it lately, and so much more than now.
static const float jump = 0.7f, jump_by = 0.2f;
// How much more it takes on the whole to change the delay, by one hop and by more.
static const float next_by = 0.005f, other_by = 0.05f;
// From this likeness on, lately, nobody speaks over the echo: its strength is learnt.
static const float alone = 0.6f;
// How fast the logarithm of a band's strength is learnt: downwards, or either way where the echo is alone, and upwards,
// since what is louder may be the caller.
static const float learn = 0.1f, learn_up = 0.02f, learn_from = 3000, doubtful = 0.3f, largest_step = 3;
// A band that has not been heard is taken to come back so softly: a logarithm.
static const float unheard = -6;
// A room: what it keeps of a band after a frame.
static const float room = 0.3f;

struct EchoModel {
  int16_t played[PLAYED];  // the sample of time t is at t modulo PLAYED
  float line[LATE];
  float played_means[COMPARED], line_means[COMPARED];
  float past[REMEMBERED][COMPARED];  // what was played, by hop, in a ring
  float like_brief[LAGS], like_lasting[LAGS], power_brief[LAGS], power_lasting[LAGS];
  float line_brief, line_lasting;
  float strength[BANDS], before[BANDS];
  uint16_t heard[BANDS];
  uint64_t time;  // samples
  unsigned newest, hops;
  int lag;  // in hops; -1 where no echo is found
  int offset;  // of the delay from the lag's, in samples
  int last, steady;  // the most likely delay, in hops, and for how many frames it has been so
  int last_recent, jumping;  // the most likely of late, and for how many frames it has been another than the lag
  float likeness;
};

EchoModel *echo_model_create(void) {
  EchoModel *echo = malloc(sizeof *echo);
  if (echo != NULL) echo_model_reset(echo);
  return echo;
}

void echo_model_free(EchoModel *echo) { free(echo); }

void echo_model_reset(EchoModel *echo) {
  memset(echo, 0, sizeof *echo);
  for (int i = 0; i < COMPARED; i++) echo->played_means[i] = echo->line_means[i] = logf(silence);
  for (int i = 0; i < BANDS; i++) echo->strength[i] = unheard;
  echo->lag = -1;
}

int echo_model_delay(const EchoModel *echo) {
  return echo->lag < 0 ? -1 : (echo->lag * HOP + echo->offset) * 1000 / VOICE_MODEL_RATE;
}

bool echo_model_may_be_all(const EchoModel *echo) {
  return echo->lag >= 0 && (echo->likeness >= only_echo || echo->jumping >= JUMPING);
}

// The window of what was played that ends `ago` samples before now.
static void recall(const EchoModel *echo, int ago, float *window) {
  uint64_t begin = echo->time - (uint64_t)(ago + WINDOW);
  for (int i = 0; i < WINDOW; i++) window[i] = echo->played[(begin + (uint64_t)i) % PLAYED];
}

// How each compared band differs from its mean.
static void compare(const float *bands, float rate, float *means, float *differences) {
  for (int i = 0; i < COMPARED; i++) {
    float value = logf(bands[FIRST_BAND + i] + silence);
    means[i] += rate * (value - means[i]);
    differences[i] = fminf(fmaxf(value - means[i], -largest), largest);
  }
}

static float lately(const EchoModel *echo, int lag) {
  return echo->like_brief[lag] / sqrtf(echo->line_brief * echo->power_brief[lag] + little_brief);
}

static float on_the_whole(const EchoModel *echo, int lag) {
  return echo->like_lasting[lag] / sqrtf(echo->line_lasting * echo->power_lasting[lag] + little_lasting);
}

// Takes a hop of the line into every delay's likeness.
static void correlate(EchoModel *echo, const float *line) {
  float power = 0;
  for (int i = 0; i < COMPARED; i++) power += line[i] * line[i];
  echo->line_brief = echo->line_brief * brief + power;
  echo->line_lasting = echo->line_lasting * lasting + power;
  for (int lag = 0; lag < LAGS; lag++) {
    const float *past = echo->past[(echo->newest + REMEMBERED - (unsigned)lag) % REMEMBERED];
    float like = 0, its_power = 0;
    for (int i = 0; i < COMPARED; i++) {
      like += line[i] * past[i];
      its_power += past[i] * past[i];
    }
    echo->like_brief[lag] = echo->like_brief[lag] * brief + like;
    echo->like_lasting[lag] = echo->like_lasting[lag] * lasting + like;
    echo->power_brief[lag] = echo->power_brief[lag] * brief + its_power;
    echo->power_lasting[lag] = echo->power_lasting[lag] * lasting + its_power;
  }
}

// Finds the delay, and follows it.
static void follow(EchoModel *echo) {
  int recent = 0, best = 0;
  float highest_recent = -1, highest = -1;
  for (int lag = 0; lag < LAGS; lag++) {
    float now = lately(echo, lag), whole = on_the_whole(echo, lag);
    if (now > highest_recent) highest_recent = now, recent = lag;
    if (whole > highest) highest = whole, best = lag;
  }
  echo->likeness = highest_recent;
  int lag = echo->lag;
  echo->steady = highest > found && abs(best - echo->last) <= 1 ? echo->steady + 1 : 0;
  echo->last = best;
  bool is_other = lag >= 0 && highest_recent > maybe_jump && abs(recent - lag) > 2;
  echo->jumping = is_other && abs(recent - echo->last_recent) <= 1 ? echo->jumping + 1 : 0;
  echo->last_recent = recent;
  if (lag < 0) {
    if (echo->steady >= STEADY) echo->lag = best;
    return;
  }
  float by = abs(best - lag) > 1 ? other_by : next_by;
  if (best != lag && highest > found && highest > on_the_whole(echo, lag) + by) {
    echo->lag = best;
  } else if (abs(recent - lag) > 1 && highest_recent > jump && highest_recent > lately(echo, lag) + jump_by) {
    // What was like it before the jump says nothing of what comes.
    echo->lag = recent;
    memcpy(echo->like_lasting, echo->like_brief, sizeof echo->like_lasting);
    memcpy(echo->power_lasting, echo->power_brief, sizeof echo->power_lasting);
    echo->line_lasting = echo->line_brief;
  } else if (highest < lost) {
    echo->lag = -1;
  }
}

// The likeness is a parabola around its peak: where the peak is beside the lag, in samples.
static int beside(const EchoModel *echo) {
  int lag = echo->lag;
  if (lag == 0 || lag == LAGS - 1) return 0;
  float left = echo->like_lasting[lag - 1], middle = echo->like_lasting[lag], right = echo->like_lasting[lag + 1];
  float bend = left - 2 * middle + right;
  if (!(bend < 0)) return 0;
  float peak = 0.5f * (left - right) / bend;
  return (int)(HOP * fminf(fmaxf(peak, -0.5f), 0.5f));
}

// How loud the echo is to be expected in each band.
static void expect(EchoModel *echo, const VoiceModel *model, const float *line, float *expected) {
  float window[WINDOW], played[BANDS];
  echo->offset = beside(echo);
  int ago = echo->lag * HOP + echo->offset;
  recall(echo, ago > 0 ? ago : 0, window);
  model->measure(model->tables, window, played);
  float like = lately(echo, echo->lag), sum = 0;
  int count = 0;
  for (int i = 0; i < BANDS; i++) {
    float energy = echo->before[i] = fmaxf(played[i], room * echo->before[i]);
    if (energy > learn_from) {
      float measured = logf((line[i] + 1) / energy), step = measured - echo->strength[i], rate = learn;
      if (echo->heard[i] == 0) {
        echo->heard[i] = 1;
        echo->strength[i] = measured;
      } else if (like > alone) {
        rate = fmaxf(learn, 1.0f / ++echo->heard[i]);
        if (echo->heard[i] > 1000) echo->heard[i] = 1000;
      } else if (step > 0) {
        rate = like > doubtful ? learn_up * like : 0;
      }
      if (echo->heard[i] > 1) echo->strength[i] += rate * fminf(fmaxf(step, -largest_step), largest_step);
    }
    if (echo->heard[i] > 0) sum += echo->strength[i], count++;
  }
  for (int i = 0; i < BANDS; i++) {
    float strength = echo->heard[i] > 0 || count == 0 ? echo->strength[i] : sum / (float)count;
    expected[i] = echo->before[i] * expf(strength);
  }
}

static void play(EchoModel *echo, const int16_t *played) {
  for (int i = 0; i < VOICE_MODEL_FRAME; i++) echo->played[(echo->time + (uint64_t)i) % PLAYED] = played[i];
  echo->time += VOICE_MODEL_FRAME;
}

// How a hop of what was played differs from the mean, put with the past: hop 1 or 2 of the last frame.
static void remember(EchoModel *echo, const VoiceModel *model, int hop) {
  float window[WINDOW], bands[BANDS];
  recall(echo, VOICE_MODEL_FRAME - hop * HOP, window);
  model->measure(model->tables, window, bands);
  echo->newest = (echo->newest + 1) % REMEMBERED;
  compare(bands, mean_rate, echo->played_means, echo->past[echo->newest]);
}

void echo_model_skip(EchoModel *echo, const VoiceModel *model, const int16_t *played) {
  play(echo, played);
  for (int hop = 1; hop <= 2; hop++) remember(echo, model, hop);
}

bool echo_model_hear(EchoModel *echo, const VoiceModel *model, const float *line, const int16_t *played,
                     float *expected) {
  memmove(echo->line, echo->line + VOICE_MODEL_FRAME, sizeof(float) * WINDOW);
  memcpy(echo->line + WINDOW, line, sizeof(float) * VOICE_MODEL_FRAME);
  play(echo, played);
  float heard[BANDS];
  for (int hop = 1; hop <= 2; hop++) {
    float differences[COMPARED];
    // A line has a level from its first hop on.
    float rate = fmaxf(mean_rate, 1.0f / (float)++echo->hops);
    if (echo->hops > 1000) echo->hops = 1000;
    model->measure(model->tables, echo->line + hop * HOP, heard);
    compare(heard, rate, echo->line_means, differences);
    remember(echo, model, hop);
    correlate(echo, differences);
  }
  follow(echo);
  if (echo->lag < 0) return false;
  expect(echo, model, heard, expected);
  return true;
}
