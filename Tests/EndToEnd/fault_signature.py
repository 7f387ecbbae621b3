"""What a bot of the fault suite says to one call on one occasion, and nobody else ever hears."""

import functools
import random

SIGNATURE = 3200  # bytes of mu-law: 0.4 s
PIECE = 1600  # bytes that are said at a time


@functools.lru_cache(4096)
def signature(conversation, occasion):
    """Audio that this call hears on this occasion and nobody else ever: mu-law, without its negative zero."""
    return random.Random(f"{conversation} {occasion}").randbytes(SIGNATURE).replace(b"\x7f", b"\xff")
