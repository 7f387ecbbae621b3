"""Calls whose turns are known: 13 conditions, each with turns of recorded voices and silences between them."""

from dataclasses import dataclass, field

import numpy as np

import sounds

RATE = 8000
END_SILENCE = 700
CONDITIONS = (
    ["clean"]
    + [f"{noise} {ratio} dB" for noise in ("white", "babble", "hum") for ratio in (20, 10, 5)]
    + ["echo", "clicks", "noise alone"]
)


@dataclass
class Call:
    """One call, as mu-law, and its turns as (begin, end) in milliseconds."""

    condition: str
    audio: np.ndarray
    turns: list = field(default_factory=list)
    voices: list = field(default_factory=list)

    @property
    def duration(self):
        return len(self.audio) // 8


def usable(recordings):
    """Those that are one turn each, no pause coming near the end silence, and whose onset and end are certain: not
    those with a hiss or a room between 22 and 35 dB below the voice for over 200 ms before or after it."""
    return [
        r
        for r in recordings
        if r.longest_pause <= 450 and 200 <= (r.end - r.begin) / 8 <= 15000 and max(uncertain(r)) <= 200
    ]


def uncertain(recording):
    """How long it is soft before its first and after its last sound that is clearly speech, in milliseconds."""
    count = len(recording.active)
    power = (recording.samples[: count * 80].reshape(count, 80) ** 2).mean(axis=1)
    levels = 10 * np.log10(np.maximum(power, 1e-12))
    clear = np.flatnonzero(levels > np.percentile(levels, 99) - 22)
    return 10 * clear[0] - recording.begin // 8, recording.end // 8 - 10 * (clear[-1] + 1)


def by_voice(recordings):
    """Voices in an order, so that each is heard about as often as the others, however many recordings it has."""
    voices = {}
    for recording in recordings:
        voices.setdefault(recording.voice, []).append(recording)
    return voices


def pick(random, voices):
    # A voice's weight is the root of its number of recordings: one voice is not all, nor is a handful of letters.
    names = sorted(voices)
    weights = np.sqrt([len(voices[name]) for name in names])
    chosen = voices[names[random.choice(len(names), p=weights / weights.sum())]]
    return chosen[random.integers(len(chosen))]


def place(call, recording, begin, gain):
    """Adds a recording so that its speech begins at `begin`; what little is around it comes along, faded."""
    lead, tail = min(recording.begin, 800, begin), min(len(recording.samples) - recording.end, 800)
    piece = recording.samples[recording.begin - lead : recording.end + tail].astype(np.float64) * gain
    piece[:lead] *= np.linspace(0, 1, lead) if lead else 1
    if tail:
        piece[-tail:] *= np.linspace(1, 0, tail)
    start = begin - lead
    stop = min(len(call), start + len(piece))
    call[start:stop] += piece[: stop - start]


def make(condition, recordings, random, turns=5):
    """A call of `turns` turns; with `noise alone` of as many stretches of noise of 10 s, without any."""
    voices = by_voice(recordings)
    if condition == "noise alone":
        return noise_alone(recordings, random, turns)
    level = random.uniform(-30, -14)
    chosen = [pick(random, voices) for _ in range(turns)]
    at, spans, prompts = 0, [], []
    for recording in chosen:
        if condition == "echo":
            # The prompt is another voice, and it is over or goes on when the caller speaks.
            prompt = pick(random, voices)
            while prompt.voice == recording.voice or prompt.end - prompt.begin < 8000:
                prompt = pick(random, voices)
            piece = prompt.samples[prompt.begin : prompt.end] * 10 ** (-prompt.level / 20)
            prompts.append((at + int(random.integers(4000, 8000)), piece))
            at = prompts[-1][0] + len(piece) + int(random.integers(4800, 12000))
        else:
            at += int(random.integers(12000, 32000))
        spans.append((at, at + recording.end - recording.begin))
        at = spans[-1][1] + int(random.integers(12000, 16000))
    total = at + 8000
    audio = np.zeros(total)
    for recording, (begin, _) in zip(chosen, spans):
        place(audio, recording, begin, 10 ** ((level - recording.level) / 20))
    full = 10 ** (level / 20)
    kind = condition.split()[0]
    if kind in ("white", "babble", "hum"):
        ratio = float(condition.split()[1])
        others = [r for r in recordings if r.voice not in {c.voice for c in chosen}]
        noise = (
            sounds.white(random, total)
            if kind == "white"
            else sounds.hum(random, total) if kind == "hum" else sounds.babble(random, total, others)
        )
        audio += full * 10 ** (-ratio / 20) * noise
    elif condition == "echo":
        loss = random.uniform(14, 30)
        for start, piece in prompts:
            heard = sounds.echo(random, piece) * 10 ** ((-18 - loss) / 20)
            stop = min(total, start + len(heard))
            audio[start:stop] += heard[: stop - start]
    elif condition == "clicks":
        clear = 0
        for begin, end in spans + [(total, total)]:
            position = clear + int(random.integers(800, 6000))
            while True:
                sound = [lambda: sounds.click(random), lambda: sounds.tone(random, int(random.integers(800, 8000))), lambda: sounds.breath(random)][random.integers(3)]()
                if position + len(sound) + 3200 > begin:
                    break
                audio[position : position + len(sound)] += sound * full * 10 ** (random.uniform(-22, 0) / 20)
                position += len(sound) + int(random.integers(2400, 8000))
            clear = end + 2400
    audio += 10 ** (random.uniform(-78, -66) / 20) * sounds.white(random, total)
    return Call(
        condition,
        sounds.encode(audio),
        [(begin // 8, end // 8) for begin, end in spans],
        sorted({c.voice for c in chosen}),
    )


def noise_alone(recordings, random, stretches):
    total = stretches * 10 * RATE
    kind = random.integers(6)
    level = random.uniform(-55, -25)
    noise = [
        lambda: sounds.white(random, total),
        lambda: sounds.colored(random, total, 1),
        lambda: sounds.colored(random, total, 2),
        lambda: sounds.hum(random, total),
        lambda: sounds.babble(random, total, recordings),
        lambda: sounds.colored(random, total, 1) * (1 + 0.8 * np.sin(2 * np.pi * random.uniform(0.1, 1) * np.arange(total) / RATE)),
    ][kind]()
    if kind == 4:
        level = random.uniform(-55, -33)
    return Call("noise alone", sounds.encode(noise * 10 ** (level / 20)), [])


def build(recordings, turns=200, seed=1, a_call=5, conditions=CONDITIONS):
    """The calls of all conditions, the same ones for a seed."""
    made, recordings = [], usable(recordings)
    for index, condition in enumerate(CONDITIONS):
        if condition not in conditions:
            continue
        random = np.random.default_rng([seed, index])
        made += [make(condition, recordings, random, a_call) for _ in range((turns + a_call - 1) // a_call)]
    return made
