"""What a telephone line carries beside a voice: noises, tones, clicks and breaths, all at 8 kHz and of unit power."""

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

RATE = 8000


def unit(samples):
    return samples / max(1e-9, np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def white(random, count):
    return random.standard_normal(count)


def colored(random, count, exponent):
    """Noise whose power falls with the frequency to `exponent`: 1 is pink, 2 is brown."""
    size = 1 << int(np.ceil(np.log2(max(count, 2))))
    spectrum = np.fft.rfft(random.standard_normal(size))
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 40)
    return unit(np.fft.irfft(spectrum * frequency ** (-exponent / 2), size)[:count])


def hum(random, count, base=None):
    """Mains hum: a fundamental and harmonics that fall off."""
    base = base or random.choice([50.0, 60.0])
    time = np.arange(count) / RATE
    wave = np.zeros(count)
    fall = random.uniform(0.4, 1.3)
    for harmonic in range(1, random.integers(4, 16)):
        weight = random.uniform(0.3, 1) / harmonic**fall
        wave += weight * np.sin(2 * np.pi * base * harmonic * time + random.uniform(0, 2 * np.pi))
    return unit(wave)


def babble(random, count, recordings, voices=None):
    """Several people who speak at once: recordings one after the other, without their silence, for each voice."""
    voices = voices or int(random.integers(4, 9))
    mix = np.zeros(count)
    for _ in range(voices):
        position = -int(random.integers(0, 16000))
        gain = 10 ** (random.uniform(-4, 0) / 20)
        while position < count:
            recording = recordings[random.integers(len(recordings))]
            piece = recording.samples[recording.begin : recording.end]
            piece = piece * (gain * 10 ** (-recording.level / 20))
            start, stop = max(0, position), min(count, position + len(piece))
            if stop > start:
                mix[start:stop] += piece[start - position : stop - position]
            position += len(piece) + int(random.integers(0, 2400))
    return unit(mix)


def tone(random, count):
    """A beep, keys, a ringing or busy tone: never of one sort alone."""
    time = np.arange(count) / RATE
    kind = random.integers(5)
    if kind == 0:  # keys
        low, high = random.choice([697, 770, 852, 941]), random.choice([1209, 1336, 1477, 1633])
        wave = np.sin(2 * np.pi * low * time) + 10 ** (random.uniform(0, 4) / 20) * np.sin(2 * np.pi * high * time)
    elif kind == 1:  # ringing, dial and busy tones of several countries
        low, high = [(440, 480), (350, 440), (480, 620), (425, 425), (400, 450), (440, 440)][random.integers(6)]
        wave = np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time)
    elif kind == 2:  # a beep
        wave = np.sin(2 * np.pi * random.uniform(300, 3000) * time)
    elif kind == 3:  # a beep with harmonics
        base = random.uniform(200, 1200)
        wave = sum(
            random.uniform(0, 1) / harmonic * np.sin(2 * np.pi * base * harmonic * time)
            for harmonic in range(1, 6)
            if base * harmonic < 3900
        )
    else:  # fax and modem: warbling, sweeping
        base, swing = random.uniform(900, 2200), random.uniform(0, 400)
        wave = np.sin(2 * np.pi * (base * time + swing * np.sin(2 * np.pi * random.uniform(1, 15) * time) / 15))
    edge = min(count // 2, 40)
    wave[:edge] *= np.linspace(0, 1, edge)
    wave[-edge:] *= np.linspace(1, 0, edge)
    return unit(wave)


def keys(random, count):
    """Somebody keys: pairs of tones, one after the other, then a pause."""
    wave, position = np.zeros(count), int(random.integers(0, 8000))
    while position < count - 4000:
        for _ in range(int(random.integers(1, 7))):
            length = int(random.integers(480, 2800))
            time = np.arange(length) / RATE
            low, high = random.choice([697, 770, 852, 941]), random.choice([1209, 1336, 1477, 1633])
            tone = np.sin(2 * np.pi * low * time) + 10 ** (random.uniform(-1, 4) / 20) * np.sin(2 * np.pi * high * time)
            stop = min(count, position + length)
            wave[position:stop] += unit(tone)[: stop - position]
            position = stop + int(random.integers(480, 3200))
            if position >= count:
                break
        position += int(random.integers(8000, 40000))
    return wave


def click(random):
    """1 to 20 ms of something hard."""
    count = int(random.integers(8, 160))
    return unit(random.standard_normal(count) * np.exp(-np.arange(count) / (count / random.uniform(2, 6))))


def breath(random):
    """A breath: noise through a mouth, that swells and falls in a quarter to three quarters of a second."""
    count = int(random.integers(2000, 6000))
    low = random.uniform(200, 900)
    noise = sosfilt(butter(2, [low, random.uniform(low + 800, 3700)], "bandpass", fs=RATE, output="sos"), random.standard_normal(count + 200))[200:]
    return unit(noise * np.hanning(count) ** random.uniform(0.5, 1.5))


def echo(random, samples):
    """What comes back of a prompt: delayed, dulled, smeared, from another end's loudspeaker."""
    delay = int(random.integers(160, 2400))
    low = random.uniform(150, 400)
    band = butter(1, [low, random.uniform(1800, 3600)], "bandpass", fs=RATE, output="sos")
    room = random.standard_normal(800) * np.exp(-np.arange(800) / random.uniform(40, 250))
    room[0] += random.uniform(2, 8)
    heard = lfilter(room / np.sqrt((room**2).sum()), [1.0], sosfilt(band, samples))
    return np.concatenate((np.zeros(delay), heard))


def _mulaw_table():
    samples = np.arange(-32768, 32768)
    clipped = np.minimum(np.abs(samples), 32635) + 132
    exponent = np.floor(np.log2(clipped)).astype(int) - 7
    mantissa = (clipped >> (exponent + 3)) & 15
    code = ~(((samples < 0).astype(int) << 7) | (exponent << 4) | mantissa) & 255
    inverse = ~np.arange(256) & 255
    magnitude = ((((inverse & 15) << 3) + 132) << ((inverse >> 4) & 7)) - 132
    decoded = np.where(inverse & 128, -magnitude, magnitude)
    return code.astype(np.uint8), decoded.astype(np.int16)


ENCODED, DECODED = _mulaw_table()


def encode(samples):
    """-1…1 as mu-law."""
    return ENCODED[np.clip(np.round(samples * 32768), -32768, 32767).astype(int) + 32768]


def decode(codes):
    """Mu-law as 16-bit samples."""
    return DECODED[codes]
