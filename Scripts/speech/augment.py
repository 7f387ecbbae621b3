"""Streams to train on: far more varied than the conditions of the report, which stand for what real lines bring."""

import numpy as np
import soundfile
from scipy.signal import butter, lfilter, sosfilt, resample_poly

import features
import sounds
from calls import pick

RATE = 8000
SECONDS = 16
DELAY = 2  # frames that the model hears on before it judges one


def music():
    """Music on hold, where asterisk-moh-opsound-wav is installed."""
    import glob

    found = []
    for path in sorted(glob.glob("/usr/share/asterisk/moh/*.wav")):
        samples, rate = soundfile.read(path, dtype="float32")
        samples = samples if samples.ndim == 1 else samples.mean(axis=1)
        found.append(samples if rate == RATE else resample_poly(samples, RATE, rate).astype(np.float32))
    return found


def varied(random, recording, plain=False):
    """A recording's samples and activity, spoken a little faster or slower, higher or lower, through another handset."""
    begin, end = max(0, recording.begin - 640), min(len(recording.samples), recording.end + 800)
    begin -= begin % 80
    samples = recording.samples[begin:end].astype(np.float64)
    active = recording.active[begin // 80 : (end + 79) // 80]
    if random.random() < 0.5:
        speed = random.uniform(0.82, 1.2)
        count = int(len(samples) / speed)
        samples = np.interp(np.arange(count) * speed, np.arange(len(samples)), samples)
        active = active[np.minimum((np.arange(-(-count // 80)) * speed).astype(int), len(active) - 1)]
    if not plain and random.random() < 0.5:
        samples = sosfilt(
            butter(1, [random.uniform(60, 350), random.uniform(2200, 3900)], "bandpass", fs=RATE, output="sos"), samples
        )
    if random.random() < 0.3:
        tilt = random.uniform(-0.6, 0.6)
        samples = lfilter([1, tilt], [1], samples)
    if not plain and random.random() < 0.15:
        # A hands-free set in a room.
        length = int(random.uniform(200, 1600))
        room = random.standard_normal(length) * np.exp(-np.arange(length) / (length / 6)) * random.uniform(0.02, 0.25)
        room[0] = 1
        samples = np.convolve(samples, room)[: len(samples)]
    mask = np.repeat(active, 80)[: len(samples)]
    mask = np.pad(mask, (0, len(samples) - len(mask)))
    power = np.sqrt(max(1e-12, np.mean(samples[mask] ** 2))) if mask.any() else 1.0
    fade = min(160, len(samples) // 4)
    samples[:fade] *= np.linspace(0, 1, fade)
    samples[-fade:] *= np.linspace(1, 0, fade)
    return samples / power, active


def background(random, count, everyone, held):
    """A noise of unit power that lasts."""
    kind = random.integers(13)
    if kind <= 1:
        return sounds.white(random, count)
    if kind == 2:
        return sounds.colored(random, count, random.uniform(0.3, 2.2))
    if kind in (3, 4):
        return sounds.hum(random, count, random.choice([50.0, 60.0, random.uniform(45, 65), random.uniform(80, 240)]))
    if kind in (5, 6, 7):
        return sounds.babble(random, count, everyone, int(random.integers(3, 12)))
    if kind == 8 and held:
        piece = held[random.integers(len(held))]
        start = random.integers(max(1, len(piece) - count))
        piece = piece[start : start + count]
        return sounds.unit(np.pad(piece, (0, count - len(piece))).astype(np.float64))
    if kind == 9:  # a street: noise that swells and falls
        points = np.arange(0, count + 4000, 4000)
        slow = np.interp(np.arange(count), points, random.uniform(-10, 4, len(points)))
        return sounds.unit(sounds.colored(random, count, random.uniform(0.6, 2)) * 10 ** (slow / 20))
    if kind == 10:  # a fan or an engine: hum and noise
        return sounds.unit(
            sounds.hum(random, count, random.uniform(25, 200)) * random.uniform(0.2, 1)
            + sounds.colored(random, count, random.uniform(0.5, 2))
        )
    if kind == 11:  # noise within a band
        low = random.uniform(50, 2000)
        band = butter(2, [low, random.uniform(low + 300, 3900)], "bandpass", fs=RATE, output="sos")
        return sounds.unit(sosfilt(band, random.standard_normal(count)))
    return sounds.unit(sounds.white(random, count) + sounds.babble(random, count, everyone, 6) * random.uniform(0.3, 2))


def cadence(random, count):
    """A ringing or busy tone, or keys, over and over."""
    wave, position = np.zeros(count), int(random.integers(0, 8000))
    on, off = [(8000, 32000), (16000, 32000), (4000, 4000), (2000, 2000), (800, 800), (3200, 1600)][random.integers(6)]
    seed = int(random.integers(1 << 30))
    while position < count:
        # The same tone each time.
        sound = sounds.tone(np.random.default_rng(seed), on)
        stop = min(count, position + on)
        wave[position:stop] += sound[: stop - position]
        position += on + off
    return wave


def prompts(random, count):
    """When prompts play, as (begin, end) in samples: often from the first sample on."""
    spans, position = [], 0 if random.random() < 0.5 else int(random.integers(0, 40000))
    while position < count:
        length = int(random.integers(6000, 56000))
        spans.append((position, min(count, position + length)))
        position += length + int(random.integers(12000, 64000))
    return spans


def stream(random, voices, everyone, held):
    """16-bit samples, for each frame whether a prompt plays and whether the caller speaks, and how much it matters."""
    count = SECONDS * RATE
    spans = prompts(random, count) if random.random() < 0.55 else []
    prompting = np.zeros(count // 160, np.float32)
    for begin, end in spans:
        prompting[begin // 160 : end // 160] = 1
    audio, active, inside = np.zeros(count), np.zeros(count // 80, bool), np.zeros(count // 80, bool)
    level = random.uniform(-36, -10) if random.random() < 0.4 else random.uniform(-30, -14)
    has_caller = random.random() > 0.14
    # A soft voice on a line without much else is a caller too, not an echo.
    soft = has_caller and random.random() < 0.2
    if soft:
        level = random.uniform(-47, -30)
    full = 10 ** (level / 20)
    if has_caller:
        position = int(random.integers(0, 40000)) if random.random() < 0.9 else 0
        same = random.random() < 0.7
        voice = voices[pick(random, voices).voice]
        while position < count - 4000:
            recording = voice[random.integers(len(voice))] if same else pick(random, voices)
            samples, its = varied(random, recording, plain=soft and random.random() < 0.6)
            # Callers mostly let a prompt end.
            over = [end for begin, end in spans if begin < position + len(samples) and position < end]
            if over and random.random() < 0.65:
                position = over[-1] + int(random.integers(800, 20000))
                continue
            position -= position % 80
            stop = min(count, position + len(samples))
            gain = full * 10 ** (random.uniform(-2, 2) / 20)
            audio[position:stop] += samples[: stop - position] * gain
            last = min(len(active), position // 80 + len(its))
            active[position // 80 : last] |= its[: last - position // 80]
            where = np.flatnonzero(its)
            inside[position // 80 + where[0] : position // 80 + where[-1] + 1] = True
            gap = random.choice([random.uniform(0.1, 0.8), random.uniform(0.8, 2), random.uniform(1.5, 5)])
            position = stop + int(gap * RATE)
    # The line
    if random.random() < (0.4 if soft else 0.68):
        ratio = random.choice([random.uniform(1, 12), random.uniform(5, 25), random.uniform(15, 40)])
        if soft:
            ratio = random.uniform(10, 35)
        noise = background(random, count, everyone, held)
        if random.random() < 0.3:
            # It begins in silence, or it ends.
            begin = int(random.integers(0, count))
            noise[:begin] = 0
            if random.random() < 0.3:
                noise[begin + int(random.integers(8000, 48000)) :] = 0
        elif random.random() < 0.1:
            noise *= np.interp(np.arange(count), [0, count], 10 ** (random.uniform(-15, 0, 2) / 20))
        audio += noise * full * 10 ** (-ratio / 20)
        if random.random() < 0.12:
            audio += background(random, count, everyone, held) * full * 10 ** (-random.uniform(8, 30) / 20)
    if spans and random.random() < 0.6:
        # What comes back of the prompts that are known
        loss = 10 ** (random.uniform(-56, -32) / 20)
        late = int(random.integers(0, 2400))
        for begin, end in spans:
            other = everyone[random.integers(len(everyone))]
            piece = other.samples[other.begin : other.end].astype(np.float64) * 10 ** (-other.level / 20)
            piece = np.tile(piece, -(-(end - begin) // len(piece)))[: end - begin]
            heard = (sounds.echo(random, piece) if random.random() < 0.8 else piece) * loss
            stop = min(count, begin + late + len(heard))
            if stop > begin + late:
                audio[begin + late : stop] += heard[: stop - begin - late]
    if not soft and random.random() < (0.25 if has_caller else 0.3):
        # The echo of a prompt that is not known, or somebody else in the room
        below = random.uniform(8, 30)
        loudest = min(full * 10 ** (-below / 20), 10 ** (-32 / 20))
        if not has_caller:
            loudest = 10 ** (random.uniform(-58, -34) / 20)
        position = int(random.integers(0, 24000))
        while position < count:
            other = everyone[random.integers(len(everyone))]
            piece = other.samples[other.begin : other.end].astype(np.float64) * 10 ** (-other.level / 20)
            # Without a caller to be compared with, a clear voice is one.
            piece = sounds.echo(random, piece) if not has_caller or random.random() < 0.8 else piece
            stop = min(count, position + len(piece))
            audio[position:stop] += piece[: stop - position] * loudest
            position = stop + int(random.choice([random.integers(800, 4000), random.integers(8000, 40000)]))
    # Clicks, tones and breaths wherever they fall
    if not soft and random.random() < 0.45:
        position = int(random.integers(0, 16000))
        while position < count:
            kind = random.integers(4)
            sound = (
                sounds.click(random)
                if kind == 0
                else sounds.tone(random, int(random.integers(400, 12000))) if kind == 1 else sounds.breath(random)
            )
            below = random.uniform(-28, 3)
            if kind >= 2:
                below = random.uniform(-30, -4)
            stop = min(count, position + len(sound))
            audio[position:stop] += sound[: stop - position] * full * 10 ** (below / 20)
            position = stop + int(random.integers(1600, 24000))
    if random.random() < 0.08:
        audio += cadence(random, count) * full * 10 ** (random.uniform(-20, 4) / 20)
    if random.random() < (0.06 if has_caller else 0.25):
        # Keys on their own, in pairs of tones: they are what is most like a vowel. Nobody keys and speaks at once.
        keys = sounds.keys(random, count) * 10 ** (random.uniform(-38, -8) / 20)
        audio += keys * (~np.repeat(inside, 80))
    if random.random() < 0.1:
        audio[int(random.integers(count)) :] *= 10 ** (random.uniform(-12, 8) / 20)
    if random.random() < 0.05:
        audio += random.uniform(-0.02, 0.02)
    if random.random() < (0.5 if soft else 0.7):
        audio += 10 ** (random.uniform(-82, -64 if soft else -55) / 20) * random.standard_normal(count)
    if random.random() < 0.12:
        lost = random.random(count // 160) < random.uniform(0.005, 0.08)
        audio.reshape(-1, 160)[lost] = 0
    if random.random() < 0.85:
        samples = sounds.decode(sounds.encode(audio))
    else:
        samples = np.clip(np.round(audio * 32768), -32768, 32767).astype(np.int16)
    # Labels: gaps of up to 60 ms within a word are the word.
    edges = np.flatnonzero(np.diff(active.astype(np.int8)))
    for first, last in zip(edges[:-1], edges[1:]):
        if not active[first + 1] and last - first <= 6 and inside[first + 1]:
            active[first + 1 : last + 1] = True
    speaks = active.reshape(-1, 2).mean(axis=1)
    weight = np.where(inside.reshape(-1, 2).any(axis=1) & (speaks < 0.5), 0.3, 1.0)
    speaks = (speaks >= 0.5).astype(np.float32)
    return samples, prompting, np.pad(speaks, (DELAY, 0))[:-DELAY], np.pad(weight, (DELAY, 0), constant_values=0.0)[:-DELAY].astype(np.float32)


def data(recordings, hours, seed):
    """Features, labels and weights: (streams, frames, …)."""
    from calls import by_voice

    random = np.random.default_rng(seed)
    voices, held = by_voice(recordings), music()
    count = int(hours * 3600 / SECONDS)
    frames = SECONDS * RATE // features.HOP
    x = np.zeros((count, frames, features.COUNT), np.float32)
    y, w = np.zeros((count, frames), np.float32), np.zeros((count, frames), np.float32)
    for index in range(count):
        samples, prompting, y[index], w[index] = stream(random, voices, recordings, held)
        x[index] = features.features(samples, prompting)
    return x, y, w
