"""The fault suite's checker of what callers hear: each byte has to be this very caller's own, or what a bot says to this call.

Callers stream mu-law with a noise of their own under words and silence, and bots sign what they say (`fault_bots.py`), so that
no forty bytes of two calls are alike. G.711 passes through the server unchanged, in WAV answers too: what is heard is found
byte for byte, in order, or it is wrong.
"""

import audioop
import functools
import hashlib
import threading

import numpy

import rules
from fault_signature import signature
from schemas import Event
from speech import SOUNDS, VOICE, from_wav

WINDOW = 40  # bytes: 5 ms
MOST_SCRAPS = 3  # pieces of an answer that are shorter than that
PAUSE = 8  # bytes of pure silence: more than noise has by chance
NOISE = b"\xff\xfe\x7e\xfd\x7d"  # 0, +-8, +-16 of 32,768
LEVEL = 24  # the noise under words, linear


def mulaw(samples):
    """Linear samples as mu-law codes, zero as one code."""
    return audioop.lin2ulaw(samples.astype("<i2").tobytes(), 2).replace(b"\x7f", b"\xff")


@functools.cache
def shared():
    """What many callers hear: the prompts of the demo and of the fallback."""
    prompts = [mulaw(from_wav(file.read_bytes()).samples) for file in sorted(VOICE.glob("*.wav"))]
    fallback = from_wav((SOUNDS / "sorry.wav").read_bytes()).samples.astype("i4")
    # The server follows G.191 at the edges between two codes, where CPython's audioop takes the other one (A2).
    return [*prompts, mulaw(numpy.where(fallback < 0, fallback + 4, fallback))]


class Voice:
    """What one call may hear: its own words, and what bots say to it."""

    everyone, lock = {}, threading.Lock()

    def __init__(self, conversation):
        self.conversation = conversation
        self.sent = []  # of each line, what was streamed
        self.occasions = {"greeting", "words", "no input"}
        with self.lock:
            self.everyone[conversation] = self

    def noise(self, occasion, values, count):
        """So many values by chance, the same for each asking."""
        seed = hashlib.sha256(f"{self.conversation} {occasion}".encode()).digest()
        return numpy.random.default_rng(list(seed)).choice(values, count)

    def quiet(self, line):
        """Silence with a noise of this line's own, for as long as it may be needed."""
        noise = self.noise(f"silence {line}", numpy.frombuffer(NOISE, dtype="u1"), 1 << 16).tobytes()
        return lambda at, size: (noise[at % len(noise):] + noise)[:size]

    def words(self, speech, occasion):
        """Words that nobody else says in this way: mu-law."""
        noise = self.noise(occasion, numpy.arange(-LEVEL, LEVEL + 1), len(speech.samples))
        return mulaw((speech.samples.astype("i4") + noise).clip(-32000, 32000))

    @property
    def lines(self):
        return [(f"words {n}", bytes(line)) for n, line in enumerate(self.sent)]

    @property
    def sources(self):
        return self.lines + [(occasion, signature(self.conversation, occasion)) for occasion in sorted(self.occasions)]

    def explain(self, heard):
        """Where each stretch of what was heard comes from: (name, from, to). What nobody may have said here fails."""
        sources = self.sources + [("prompt", prompt) for prompt in shared()]
        stretches, at, scraps, before = [], 0, 0, None
        while at < len(heard):
            silent = len(heard[at:]) - len(heard[at:].lstrip(b"\xff"))
            if silent >= PAUSE or at + silent == len(heard) or at == 0 < silent:
                at, before = at + silent, None
                continue
            if best := longest(heard, at, sources):
                size, before, found = best
                stretches.append((before, found, found + size))
            else:
                size, scraps = self.scrap(heard, at, before), scraps + 1
                assert size and scraps <= MOST_SCRAPS, self.blame(heard, at)
            at += size
        return stretches

    def scrap(self, heard, at, before):
        """The size of a piece of the caller's own that is too short to be told from chance: what is left of one line before
        the beginning of the next, at the begin of the answer or between two lines."""
        lines = self.lines
        if before and before not in dict(lines):
            return None
        for size in range(1, WINDOW):
            following = longest(heard, at + size, lines)
            if following and following[1] != before and any(heard[at:at + size] in data for _, data in lines):
                return size
        return None

    def blame(self, heard, at):
        piece = heard[at:at + WINDOW]
        if len(piece) == WINDOW:
            for other in list(self.everyone.values()):
                for name, data in other.sources if other is not self else ():
                    if piece in data:
                        return f"CROSSED: at {at / 8000:.2f} s it hears the {name} of call {other.conversation}"
        return (f"at {at / 8000:.3f} s of {len(heard) / 8000:.3f} it hears what nobody said to it "
                f"({piece[:12].hex()}…)")


def longest(heard, at, sources):
    """The longest stretch from a place on that is in one of the sources, and where: (size, name, from)."""
    # What the server puts into a gap of the caller's audio can leave a shorter piece before it.
    gap = heard.find(b"\xff" * PAUSE, at, at + WINDOW + PAUSE)
    piece = heard[at:gap if gap > 0 else at + WINDOW]
    return max(((common(heard, at, data, found), name, found) for name, data in sources
                if piece and (found := data.find(piece)) >= 0), default=None)


def common(a, i, b, j):
    """How many bytes are alike from two places on."""
    low, high = 0, min(len(a) - i, len(b) - j)
    while low < high:
        middle = (low + high + 1) // 2
        if a[i:i + middle] == b[j:j + middle]:
            low = middle
        else:
            high = middle - 1
    return low


def heard_whole(stretches, source):
    """How much of one source was heard, and whether once and in order."""
    own = [(begin, end) for name, begin, end in stretches if name == source]
    long = [one for one in own if one[1] - one[0] >= WINDOW]  # where a shorter one comes from is a guess
    in_order = all(a[1] <= b[0] for a, b in zip(long, long[1:]))
    return sum(end - begin for begin, end in own), in_order


def orderly(replies, mode):
    """What holds for any RPC, however it ended: the bounds of a turn come once and in order, nothing follows the end."""
    rules.turn_bounds(replies, mode, f"in {replies}")
    answers = [r for r in replies if r.event not in (Event.START_OF_INPUT, Event.END_OF_INPUT)]
    for reply in answers[:-1]:
        assert reply.kind != 0 and reply.event not in Event.TERMINAL, f"a reply after the end: {replies}"
