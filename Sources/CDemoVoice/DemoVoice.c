// Written by Scripts/make-voice from Voice/prompts.tsv.
#include "CDemoVoice.h"

// Standard in C23, known to clang in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char greeting[] = {
#embed "Voice/greeting.wav"
};

static const unsigned char you_said[] = {
#embed "Voice/you-said.wav"
};

static const unsigned char you_pressed[] = {
#embed "Voice/you-pressed.wav"
};

static const unsigned char anything_else[] = {
#embed "Voice/anything-else.wav"
};

static const unsigned char still_there[] = {
#embed "Voice/still-there.wav"
};

static const unsigned char event_received[] = {
#embed "Voice/event-received.wav"
};

static const unsigned char transfer[] = {
#embed "Voice/transfer.wav"
};

static const unsigned char good_bye[] = {
#embed "Voice/good-bye.wav"
};

static const unsigned char digit_0[] = {
#embed "Voice/digit-0.wav"
};

static const unsigned char digit_1[] = {
#embed "Voice/digit-1.wav"
};

static const unsigned char digit_2[] = {
#embed "Voice/digit-2.wav"
};

static const unsigned char digit_3[] = {
#embed "Voice/digit-3.wav"
};

static const unsigned char digit_4[] = {
#embed "Voice/digit-4.wav"
};

static const unsigned char digit_5[] = {
#embed "Voice/digit-5.wav"
};

static const unsigned char digit_6[] = {
#embed "Voice/digit-6.wav"
};

static const unsigned char digit_7[] = {
#embed "Voice/digit-7.wav"
};

static const unsigned char digit_8[] = {
#embed "Voice/digit-8.wav"
};

static const unsigned char digit_9[] = {
#embed "Voice/digit-9.wav"
};

static const unsigned char star[] = {
#embed "Voice/star.wav"
};

static const unsigned char pound[] = {
#embed "Voice/pound.wav"
};

static const unsigned char letter_a[] = {
#embed "Voice/letter-a.wav"
};

static const unsigned char letter_b[] = {
#embed "Voice/letter-b.wav"
};

static const unsigned char letter_c[] = {
#embed "Voice/letter-c.wav"
};

static const unsigned char letter_d[] = {
#embed "Voice/letter-d.wav"
};

static const unsigned char more_keys[] = {
#embed "Voice/more-keys.wav"
};

static const unsigned char sorry_transfer[] = {
#embed "Voice/sorry-transfer.wav"
};

static const unsigned char sorry_end[] = {
#embed "Voice/sorry-end.wav"
};

static const struct demo_voice_prompt prompts[] = {
  {"greeting", "Welcome to Patchbay. Say something, and I will say it back to you. Or press some keys.", greeting, sizeof greeting},
  {"you-said", "You said:", you_said, sizeof you_said},
  {"you-pressed", "You pressed:", you_pressed, sizeof you_pressed},
  {"anything-else", "Anything else? Press zero for a person, or nine to say good bye.", anything_else, sizeof anything_else},
  {"still-there", "Are you still there? Say something, or press some keys.", still_there, sizeof still_there},
  {"event-received", "Thank you. I have got that.", event_received, sizeof event_received},
  {"transfer", "One moment please. I am connecting you to a person.", transfer, sizeof transfer},
  {"good-bye", "Thank you for calling. Good bye.", good_bye, sizeof good_bye},
  {"digit-0", "zero", digit_0, sizeof digit_0},
  {"digit-1", "one", digit_1, sizeof digit_1},
  {"digit-2", "two", digit_2, sizeof digit_2},
  {"digit-3", "three", digit_3, sizeof digit_3},
  {"digit-4", "four", digit_4, sizeof digit_4},
  {"digit-5", "five", digit_5, sizeof digit_5},
  {"digit-6", "six", digit_6, sizeof digit_6},
  {"digit-7", "seven", digit_7, sizeof digit_7},
  {"digit-8", "eight", digit_8, sizeof digit_8},
  {"digit-9", "nine", digit_9, sizeof digit_9},
  {"star", "star", star, sizeof star},
  {"pound", "pound", pound, sizeof pound},
  {"letter-a", "A", letter_a, sizeof letter_a},
  {"letter-b", "B", letter_b, sizeof letter_b},
  {"letter-c", "C", letter_c, sizeof letter_c},
  {"letter-d", "D", letter_d, sizeof letter_d},
  {"more-keys", "and more.", more_keys, sizeof more_keys},
  {"sorry-transfer", "I am sorry, something went wrong. I am connecting you to a person.", sorry_transfer, sizeof sorry_transfer},
  {"sorry-end", "I am sorry, something went wrong. Please call again later.", sorry_end, sizeof sorry_end},
};

size_t demo_voice_count(void) { return sizeof prompts / sizeof *prompts; }

const struct demo_voice_prompt *demo_voice_prompt(size_t index) {
  return index < demo_voice_count() ? &prompts[index] : NULL;
}
