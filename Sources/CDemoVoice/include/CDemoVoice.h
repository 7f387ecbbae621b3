// The spoken prompts of the demo engine, part of the binary.
#ifndef CDEMOVOICE_H
#define CDEMOVOICE_H

#include <stddef.h>

/// A spoken prompt. Everything it points to is constant and lives as long as the process.
struct demo_voice_prompt {
  /// The prompt's name, as in Voice/prompts.tsv.
  const char *name;
  /// The words spoken.
  const char *words;
  /// A WAV file: 8,000 Hz, mono, mu-law.
  const unsigned char *wav;
  size_t wav_size;
};

/// How many prompts there are.
size_t demo_voice_count(void);

/// The prompt at an index, or NULL beyond the last.
const struct demo_voice_prompt *demo_voice_prompt(size_t index);

#endif
