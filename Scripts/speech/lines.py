"""Lines of whole calls, open from the greeting on: what the caller's end sends, sample by sample, whatever the server says.

A line's noise lasts from its first sample. A caller speaks a while after each prompt is over, so where a turn begins
depends on the server; what is said in it does not."""

from dataclasses import dataclass

import numpy as np

import sounds
from calls import CONDITIONS, by_voice, pick  # noqa: F401

RATE = 8000
SECONDS = 75
# What a running server is asked for beside the 13 conditions of the report.
FURTHER = [
    "soft -38 dBFS", "soft -44 dBFS", "loud", "short words", "pauses of 600 ms", "steps", "keys alone", "echo alone", "silence",
]
NOBODY = ("noise alone", "keys alone", "echo alone", "silence")
KINDS_ALONE = ("white", "pink", "brown", "hum", "babble", "swelling", "step", "silence")


@dataclass
class Turn:
    """What a caller says at a time: samples in -1…1, where in them speech begins and ends, and the silence before."""

    samples: np.ndarray
    begin: int
    end: int
    gap: int  # from the end of the prompt, in samples
    sounds: np.ndarray  # clicks, tones and breaths within the gap


@dataclass
class Line:
    condition: str
    kind: str
    background: np.ndarray
    turns: list
    echo_gain: float
    seed: int

    def echo(self, prompt):
        """What comes back of a prompt, at the same rate, from its first sample on."""
        if self.echo_gain <= 0:
            return np.zeros(0)
        return sounds.echo(np.random.default_rng(self.seed), prompt) * self.echo_gain


def spoken(recording, gain):
    """A recording with what little is around its speech, faded: samples, and where speech begins and ends."""
    lead, tail = min(recording.begin, 800), min(len(recording.samples) - recording.end, 800)
    piece = recording.samples[recording.begin - lead : recording.end + tail].astype(np.float64) * gain
    piece[:lead] *= np.linspace(0, 1, lead) if lead else 1
    if tail:
        piece[-tail:] *= np.linspace(1, 0, tail)
    return piece, lead, lead + recording.end - recording.begin


def keyed(random, count, full):
    """Keys, clicks and breaths, none of them in the last 400 ms."""
    wave, position = np.zeros(count), int(random.integers(800, 3200))
    while True:
        kind = random.integers(3)
        sound = (
            sounds.click(random)
            if kind == 0
            else sounds.tone(random, int(random.integers(800, 8000))) if kind == 1 else sounds.breath(random)
        )
        if position + len(sound) + 3200 > count:
            return wave
        wave[position : position + len(sound)] += sound * full * 10 ** (random.uniform(-22, 0) / 20)
        position += len(sound) + int(random.integers(2400, 8000))


def noise(random, kind, count, others):
    if kind == "white":
        return sounds.white(random, count)
    if kind == "pink":
        return sounds.colored(random, count, 1)
    if kind == "brown":
        return sounds.colored(random, count, 2)
    if kind == "hum":
        return sounds.hum(random, count)
    if kind == "babble":
        return sounds.babble(random, count, others)
    if kind == "swelling":
        swell = 1 + 0.8 * np.sin(2 * np.pi * random.uniform(0.1, 1) * np.arange(count) / RATE)
        return sounds.unit(sounds.colored(random, count, 1) * swell)
    if kind == "step":  # noise of any kind that begins, ends and begins again at another level
        wave = noise(random, ("white", "pink", "hum", "babble")[random.integers(4)], count, others)
        edges = np.sort(random.integers(0, count, 2 * (count // (8 * RATE)) + 2))
        for begin, end in zip(edges[::2], edges[1::2]):
            wave[begin:end] *= 10 ** (random.uniform(-40, -10) / 20)
        return wave
    return np.zeros(count)


def make(condition, recordings, seed, index, turns=4):
    """The line of one call; the same for a seed and an index."""
    random = np.random.default_rng([seed, index, sum(condition.encode())])
    count = SECONDS * RATE
    voices = by_voice(recordings)
    floor = 10 ** (random.uniform(-78, -66) / 20) * sounds.white(random, count)
    level = random.uniform(-30, -14)
    if condition == "loud":
        level = random.uniform(-16, -12)
    kind = condition.split()[0]
    if kind == "soft":
        level = float(condition.split()[1])
    line = Line(condition, kind, floor, [], 0, seed * 1000 + index)
    full = 10 ** (level / 20)
    if condition in NOBODY:
        if kind == "noise":
            line.kind = KINDS_ALONE[index % len(KINDS_ALONE)]
            loudest = -33 if line.kind in ("babble", "step") else -25
            line.background = floor + noise(random, line.kind, count, recordings) * 10 ** (random.uniform(-55, loudest) / 20)
        elif kind == "keys":
            line.background = floor + sounds.keys(random, count) * 10 ** (random.uniform(-35, -10) / 20)
        elif kind == "echo":
            line.echo_gain = 10 ** (random.uniform(-48, -32) / 20)
        return line
    chosen = [pick(random, voices) for _ in range(turns)]
    if kind == "short":
        short = by_voice([r for r in recordings if (r.end - r.begin) <= 4000])
        chosen = [pick(random, short) for _ in range(turns)]
    for recording in chosen:
        gap = int(random.integers(4800, 20000))
        extra = np.zeros(0)
        if kind == "clicks":
            gap = int(random.integers(12000, 32000))
            extra = keyed(random, gap, full)
        samples, begin, end = spoken(recording, 10 ** ((level - recording.level) / 20))
        if kind == "pauses":
            same = voices[recording.voice]
            others = [r for r in same if r.longest_pause <= 400]
            other = (others or same)[random.integers(len(others or same))]
            more, first, last = spoken(other, 10 ** ((level - other.level) / 20))
            # The silence between the two is 600 ms exactly, of what is speech in each.
            start = end + 4800 - first
            joined = np.zeros(max(len(samples), start + len(more)))
            joined[: len(samples)] += samples
            joined[start : start + len(more)] += more
            samples, end = joined, start + last
        line.turns.append(Turn(samples, begin, end, gap, extra))
    if kind in ("white", "babble", "hum"):
        ratio = float(condition.split()[1])
        others = [r for r in recordings if r.voice not in {c.voice for c in chosen}]
        line.background = floor + full * 10 ** (-ratio / 20) * noise(random, kind, count, others)
    elif kind == "steps":
        others = [r for r in recordings if r.voice not in {c.voice for c in chosen}]
        line.background = floor + full * 10 ** (-random.uniform(10, 25) / 20) * noise(random, "step", count, others)
    elif kind == "echo":
        # As loud beside full scale as the report's: a prompt at -18 dBFS, 14 to 30 dB softer.
        line.echo_gain = 10 ** (-(18 + random.uniform(14, 30)) / 20)
    return line
