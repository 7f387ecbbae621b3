"""Calls whose callers pause within their turns: what the policy of the end silence is measured with.

Each call is one recorded voice and eight turns, two of each kind, in any order:

- `yes_no`: a short word; in one of five a second one follows after a pause ("yes … please");
- `digits`: 4, 6, 8, 10 or 12 single digits in groups of two to four, a pause between two groups;
- `address`: a group of two or three digits and one to three half-sentences, a pause between them;
- `free`: one, two or three half-sentences (40, 40 and 20 % of turns), a pause between them.

The pauses are those of people who are not read out: each caller has a pace of their own, a factor whose logarithm is
normal with a deviation of 0.35, and a pause is 300 ms times the pace times a factor whose logarithm is normal with a
deviation of 0.65, from 120 to 1,600 ms. Over all callers some 29 % of the pauses are longer than 450 ms, and 12 %
longer than 700. A pause is silence from the last sound before it to the first sound after it. Its length is drawn
without regard to how the words before it were said, which are recordings of announcements: what is measured with it
is policy, and not prosody. Single digits are spoken faster by 1 to 1.6, one factor for each caller, since people do
not say a number as slowly as a recorded digit; up to 60 ms part those of a group.

Half of the calls have white or pink noise on the line, 20 to 30 dB below the voice. `tuning` and `test` have no voice
in common."""

import os
from dataclasses import dataclass, field

import numpy as np

import corpus
import sounds

RATE = 8000
KINDS = ("yes_no", "digits", "address", "free")
VOICES = {
    "tuning": ("en_US_f_Allison", "es_MX_f_Allison", "ru_RU_f_IvrvoiceRU"),
    "test": ("it_IT_m_Carlo", "fr_CA_f_June"),
}
SIDES = {"tuning": ("training", "development"), "test": ("evaluation",)}
TURNS = 8
MEDIAN, PACE, SPREAD, SHORTEST, LONGEST = 300, 0.35, 0.65, 120, 1600  # of pauses, in milliseconds
BETWEEN = (2500, 3500)  # from the end of a turn to the next, in milliseconds


@dataclass
class Turn:
    """What is said in one turn, and where in its samples the pieces of it begin and end (in samples)."""

    kind: str
    digits: int  # how many of them are said, where it is a number
    samples: np.ndarray
    pieces: list


@dataclass
class Call:
    """One call: its turns and the line's noise."""

    voice: str
    turns: list
    gaps: list  # silence before each turn, in samples
    noise: float  # in -1…1
    color: int
    seed: list
    places: list = field(default_factory=list)  # of each turn's first sound and end, and of its pieces, in milliseconds

    def line(self):
        """All of it as mu-law, the turns one after the other: for whoever hears it without a server that answers."""
        position, starts = 0, []
        for turn, gap in zip(self.turns, self.gaps):
            position += gap
            starts.append(position)
            position += len(turn.samples)
        audio = self.background(position + 3 * RATE)
        self.places = []
        for turn, start in zip(self.turns, starts):
            audio[start : start + len(turn.samples)] += turn.samples
            self.places.append([((start + begin) // 8, (start + end) // 8) for begin, end in turn.pieces])
        return sounds.encode(audio)

    def background(self, count):
        random = np.random.default_rng(self.seed + [1])
        noise = sounds.white(random, count) if self.color == 0 else sounds.colored(random, count, 1)
        return 10 ** (-72 / 20) * sounds.white(random, count) + self.noise * noise


def faster(samples, factor):
    """The same in less time, at the same pitch: pieces of 30 ms, laid where they fit best (WSOLA)."""
    window, hop, search = 240, 120, 60
    if factor <= 1.01 or len(samples) < 3 * window:
        return samples
    shape = np.hanning(window)
    count = int((len(samples) - window - search) / (hop * factor))
    out, weight = np.zeros(count * hop + window), np.full(count * hop + window, 1e-6)
    follow = samples[:window]
    for index in range(count):
        place = int(index * hop * factor)
        best = place
        if index:
            low = max(0, place - search)
            around = samples[low : place + search + window]
            best = low + int(np.argmax(np.correlate(around, follow, "valid")))
        out[index * hop : index * hop + window] += shape * samples[best : best + window]
        weight[index * hop : index * hop + window] += shape
        follow = samples[best + hop : best + hop + window]
        if len(follow) < window:
            break
    return (out / weight)[window // 4 :]


def said(recording, factor=1.0):
    """The speech of a recording from its first to its last sound, at a level of its own taken off, its edges faded."""
    samples = recording.samples[recording.begin : recording.end].astype(np.float64) * 10 ** (-recording.level / 20)
    samples = faster(samples, factor)
    edge = min(24, len(samples) // 4)
    samples[:edge] *= np.linspace(0, 1, edge)
    samples[-edge:] *= np.linspace(1, 0, edge)
    return samples


def pause(random, pace):
    milliseconds = MEDIAN * pace * np.exp(SPREAD * random.standard_normal())
    return int(np.clip(milliseconds, SHORTEST, LONGEST)) * 8


class Voice:
    """The recordings of one voice by what they are good for."""

    def __init__(self, recordings):
        def length(recording):
            return (recording.end - recording.begin) / 8

        def name(recording):
            return os.path.basename(recording.path)[:-4]

        def folder(recording):
            return os.path.basename(os.path.dirname(recording.path))

        self.digits = [r for r in recordings if folder(r) == "digits" and name(r) in list("0123456789")]
        plain = [r for r in recordings if folder(r) not in ("digits", "letters", "phonetic")]
        self.words = [r for r in plain if 250 <= length(r) <= 700 and r.longest_pause <= 100]
        self.halves = [r for r in plain if 700 <= length(r) <= 3500 and r.longest_pause <= 200]


def pick(random, of):
    return of[random.integers(len(of))]


def number(random, voice, count, factor):
    """A group of digits, said in a row."""
    parts = []
    for _ in range(count):
        parts += [said(pick(random, voice.digits), factor), np.zeros(int(random.integers(0, 480)))]
    return np.concatenate(parts[:-1])


def groups(random, count):
    sizes = []
    while count:
        size = int(min(count, random.integers(2, 5)))
        # Nobody says a last digit by itself.
        if count - size == 1:
            size = size - 1 if size > 2 else size + 1
        sizes.append(size)
        count -= size
    return sizes


def pieces(random, kind, voice, factor):
    """What is said of a turn between its pauses, and how many digits it has where it is a number."""
    if kind == "yes_no":
        return [said(pick(random, voice.words)) for _ in range(1 + int(random.random() < 0.2))], 0
    if kind == "digits":
        count = int(random.choice([4, 6, 8, 10, 12]))
        return [number(random, voice, size, factor) for size in groups(random, count)], count
    if kind == "address":
        first = number(random, voice, int(random.integers(2, 4)), factor)
        return [first] + [said(pick(random, voice.halves)) for _ in range(int(random.integers(1, 4)))], 0
    return [said(pick(random, voice.halves)) for _ in range(int(random.choice([1, 2, 3], p=[0.4, 0.4, 0.2])))], 0


def make(voices, seed, index):
    """The call of a seed and an index; the same one every time."""
    identity = [seed, index]
    random = np.random.default_rng(identity)
    name = sorted(voices)[index % len(voices)]
    voice = voices[name]
    pace, factor = np.exp(PACE * random.standard_normal()), random.uniform(1, 1.6)
    level = 10 ** (random.uniform(-30, -16) / 20)
    turns = []
    for kind in random.permutation(np.repeat(KINDS, TURNS // len(KINDS))):
        parts, digits = pieces(random, str(kind), voice, factor)
        joined, spans, position = [], [], 0
        for place, part in enumerate(parts):
            if place:
                joined.append(np.zeros(pause(random, pace)))
                position += len(joined[-1])
            joined.append(part * level)
            spans.append((position, position + len(part)))
            position += len(part)
        turns.append(Turn(str(kind), digits, np.concatenate(joined), spans))
    gaps = [int(random.integers(*BETWEEN)) * 8 for _ in turns]
    noisy = index // len(voices) % 2 == 1
    noise = level * 10 ** (-random.uniform(20, 30) / 20) if noisy else 0.0
    return Call(name, turns, gaps, noise, int(random.integers(2)), identity)


def load(side, cache):
    """The voices of a side."""
    found = {}
    for part in SIDES[side]:
        for recording in corpus.load(part, cache):
            if recording.voice in VOICES[side]:
                found.setdefault(recording.voice, []).append(recording)
    voices = {name: Voice(recordings) for name, recordings in found.items()}
    return {name: voice for name, voice in voices.items() if len(voice.digits) >= 8 and voice.words and voice.halves}


def build(side, calls, seed, cache):
    voices = load(side, cache)
    return [make(voices, seed, index) for index in range(calls)] if voices else []


def inner(calls):
    """The lengths of all pauses within turns, in milliseconds."""
    return [
        (begin - end) / 8
        for call in calls
        for turn in call.turns
        for (_, end), (begin, _) in zip(turn.pieces, turn.pieces[1:])
    ]
