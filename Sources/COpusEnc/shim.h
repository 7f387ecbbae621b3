#ifndef PATCHBAY_COPUSENC_H
#define PATCHBAY_COPUSENC_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <opusenc.h>

// Variadic, with macros that Swift does not import: what a recording of speech wants of the encoder.
static inline int patchbay_opusenc_configure(OggOpusEnc *encoder, int bits_per_second, int complexity) {
  int code = ope_encoder_ctl(encoder, OPUS_SET_BITRATE(bits_per_second));
  if (code == OPE_OK) code = ope_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
  if (code == OPE_OK) code = ope_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
  // What is not on a page is lost in a crash: packets are made at once, and put on pages every fifth of a second.
  if (code == OPE_OK) code = ope_encoder_ctl(encoder, OPE_SET_DECISION_DELAY(0));
  if (code == OPE_OK) code = ope_encoder_ctl(encoder, OPE_SET_MUXING_DELAY(9600));
  return code;
}

#endif
