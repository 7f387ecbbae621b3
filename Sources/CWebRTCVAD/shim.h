#ifndef PATCHBAY_CWEBRTCVAD_H
#define PATCHBAY_CWEBRTCVAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The library exports its voice activity detector, but its development package has no header for it. These are the
// declarations of common_audio/vad/include/webrtc_vad.h and vad_core.h of the same release.

typedef struct WebRtcVadInst VadInst;

// A new detector, or NULL.
VadInst *WebRtcVad_Create(void);
void WebRtcVad_Free(VadInst *handle);

// Each 0, or -1 on failure. `mode` is 0 (calls most speech) to 3 (calls least).
int WebRtcVad_Init(VadInst *handle);
int WebRtcVad_set_mode(VadInst *handle, int mode);

// 1 for speech, 0 for none, -1 on failure: the hangover is part of the speech.
int WebRtcVad_Process(VadInst *handle, int fs, const int16_t *audio_frame, size_t frame_length);

// What WebRtcVad_Process computes before it hides the hangover: 0 for none, 1 for speech in this very frame, more for
// a frame that counts as speech only because speech was shortly before. The frame has to be 10, 20 or 30 ms long. The
// library's own argument type is VadInstT, which is what a VadInst is.
int WebRtcVad_CalcVad8khz(VadInst *handle, const int16_t *speech_frame, size_t frame_length);
int WebRtcVad_CalcVad16khz(VadInst *handle, const int16_t *speech_frame, size_t frame_length);

#endif
