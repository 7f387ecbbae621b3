#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>

// opus_encoder_ctl and opus_decoder_ctl are variadic and their requests are macros: Swift can call neither.

static inline int pb_opus_encoder_set_bitrate(OpusEncoder *encoder, int32_t bits_per_second) {
  return opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bits_per_second));
}

static inline int pb_opus_encoder_set_inband_fec(OpusEncoder *encoder, bool on) {
  return opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(on ? 1 : 0));
}

static inline int pb_opus_encoder_set_expected_loss(OpusEncoder *encoder, int32_t percent) {
  return opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(percent));
}

static inline int pb_opus_encoder_set_dtx(OpusEncoder *encoder, bool on) {
  return opus_encoder_ctl(encoder, OPUS_SET_DTX(on ? 1 : 0));
}

static inline int pb_opus_encoder_set_complexity(OpusEncoder *encoder, int32_t complexity) {
  return opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
}

static inline int pb_opus_encoder_set_maximum_bandwidth(OpusEncoder *encoder, int32_t bandwidth) {
  return opus_encoder_ctl(encoder, OPUS_SET_MAX_BANDWIDTH(bandwidth));
}

static inline int pb_opus_encoder_lookahead(OpusEncoder *encoder, int32_t *samples) {
  return opus_encoder_ctl(encoder, OPUS_GET_LOOKAHEAD(samples));
}

static inline int pb_opus_encoder_final_range(OpusEncoder *encoder, uint32_t *range) {
  return opus_encoder_ctl(encoder, OPUS_GET_FINAL_RANGE(range));
}

static inline int pb_opus_decoder_final_range(OpusDecoder *decoder, uint32_t *range) {
  return opus_decoder_ctl(decoder, OPUS_GET_FINAL_RANGE(range));
}

static inline int pb_opus_decoder_reset(OpusDecoder *decoder) {
  return opus_decoder_ctl(decoder, OPUS_RESET_STATE);
}
