"""What the model hears of a frame: 20 mel bands, how voiced it is, and whether a prompt plays. `CVoiceModel` computes the
same."""

import numpy as np

RATE, HOP, WINDOW, BANDS = 8000, 160, 256, 20
LOW, HIGH = 60.0, 3900.0
# Below this a band is silence, whatever the line's coding leaves there: about -75 dB below full scale.
FLOOR = 100.0
SHORTEST, LONGEST = 20, 100  # pitch periods in samples: 400 to 80 Hz
COUNT = BANDS + 3


def mel(frequency):
    return 1127 * np.log(1 + frequency / 700)


def bands():
    """Triangles over the 129 bins of a window's spectrum."""
    edges = 700 * (np.exp(np.linspace(mel(LOW), mel(HIGH), BANDS + 2) / 1127) - 1) * WINDOW / RATE
    bins = np.arange(WINDOW // 2 + 1)
    weights = np.zeros((BANDS, WINDOW // 2 + 1))
    for band in range(BANDS):
        left, middle, right = edges[band : band + 3]
        # Narrow bands have their bin all the same.
        left, right = min(left, middle - 1), max(right, middle + 1)
        weights[band] = np.maximum(0, np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle)))
    return weights.astype(np.float32)


BAND_WEIGHTS = bands()
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


def features(samples, prompts=None):
    """(frames, COUNT) of 16-bit samples, and for each frame whether a prompt plays; before the first is silence."""
    count = len(samples) // HOP
    padded = np.concatenate((np.zeros(WINDOW - HOP, np.float32), samples[: count * HOP].astype(np.float32)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    spectrum = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * HANN, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) / WINDOW
    # The window's own gain is left in: it is the same for every frame.
    logarithms = np.log(power @ BAND_WEIGHTS.T + FLOOR)
    # Autocorrelation of the magnitudes: a periodic frame has a peak at its period, whatever its spectrum's slope is.
    correlation = np.fft.irfft(np.sqrt(power), axis=1)
    lags = correlation[:, SHORTEST : LONGEST + 1]
    best = lags.argmax(axis=1)
    voicing = lags[np.arange(count), best] / (correlation[:, 0] + 1.0)
    flags = np.zeros(count) if prompts is None else prompts[:count]
    return np.concatenate(
        (logarithms, voicing[:, None], (best[:, None] + SHORTEST) / 100.0, flags[:, None]), axis=1, dtype=np.float32
    )
