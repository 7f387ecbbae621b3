"""Recordings of human voices that Debian packages, where somebody speaks in them, and which voices are kept apart."""

import glob
import hashlib
import os
from dataclasses import dataclass

import numpy as np
import soundfile
from scipy.signal import resample_poly

RATE = 8000
ASTERISK = "/usr/share/asterisk/sounds"
KLETTRES = "/usr/share/klettres"
KTUBERLING = "/usr/share/ktuberling/sounds"
POCKETSPHINX = "/usr/share/pocketsphinx/test/data"
FILLETS = "/usr/share/games/fillets-ng/sound"

# The voices of the published figure: heard by nobody and nothing before it is made. A language of klettres or ktuberling
# is a speaker or several; the same language is on the same side in both, since the same people may have spoken it.
EVALUATION_FOLDERS = [f"{ASTERISK}/it_IT_m_Carlo", f"{ASTERISK}/fr_CA_f_June"]
EVALUATION_LANGUAGES = ["da", "fr", "he", "hu", "it", "nb", "pt", "pt_BR", "ca", "wa"]
# The voices that thresholds are chosen with: not those that the model is trained on.
DEVELOPMENT_FOLDERS = [f"{ASTERISK}/ru_RU_f_IvrvoiceRU", f"{ASTERISK}/fr"]
DEVELOPMENT_LANGUAGES = ["el", "gl", "sl", "cs", "nds", "ru", "uk"]
# What else is tuned on: Debian's further packages of voices, where they are installed.
TRAINING_FOLDERS = [
    f"{ASTERISK}/en_US_f_Allison",
    f"{ASTERISK}/es_MX_f_Allison",
    f"{ASTERISK}/it_IT_f_Menardi",
    f"{ASTERISK}/es",
]
NOT_SPEECH = ("beep", "tone", "monkeys", "confbridge-join", "confbridge-leave", "-in.", "-out.", "silence", "ascending")


@dataclass
class Recording:
    """One recording at 8 kHz, its samples in -1…1, and where in it somebody speaks."""

    path: str
    voice: str
    samples: np.ndarray
    active: np.ndarray  # for each 10 ms
    begin: int  # in samples
    end: int
    level: float  # of the active part, in dB below full scale
    longest_pause: int  # in milliseconds


def read(path):
    """The samples of a file at 8 kHz, one channel."""
    if path.endswith(".raw"):
        samples, rate = np.fromfile(path, dtype="<i2") / 32768.0, 16000
    else:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
        samples = samples.mean(axis=1)
    if rate != RATE:
        gcd = np.gcd(rate, RATE)
        samples = resample_poly(samples, RATE // gcd, rate // gcd)
    return samples.astype(np.float32)


def decibels(power):
    return 10 * np.log10(np.maximum(power, 1e-12))


def label(path, voice, samples):
    """Finds the speech by energy alone: what is within 35 dB of the loudest 10 ms and well above the recording's own
    floor, in stretches of 30 ms at least. None where the recording is too noisy, short or long to be sure of."""
    count = len(samples) // 80
    if not 25 <= count <= 2000:
        return None
    levels = decibels((samples[: count * 80].reshape(count, 80) ** 2).mean(axis=1))
    loudest, floor = np.percentile(levels, 99), np.percentile(levels, 3)
    if loudest < -45:
        return None
    if levels.min() > -75 and loudest - floor < 32 and count > 60:
        return None
    threshold = max(loudest - 35, -55.0)
    if floor > -80:
        threshold = max(threshold, min(floor + 8, loudest - 22))
    active = levels > threshold
    # Stretches of less than 30 ms are clicks.
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(np.int8), [0]))))
    for first, last in zip(edges[::2], edges[1::2]):
        if last - first < 3:
            active[first:last] = False
    # A short sound that stands alone before or after all else is a breath, a lip or a key.
    for order in (1, -1):
        while True:
            stretches = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(np.int8), [0])))).reshape(-1, 2)
            if len(stretches) < 2:
                break
            outer, inner = stretches[::order][0], stretches[::order][1]
            gap = inner[0] - outer[1] if order == 1 else outer[0] - inner[1]
            if gap < 12 or outer[1] - outer[0] >= 8:
                break
            active[outer[0] : outer[1]] = False
    where = np.flatnonzero(active)
    if len(where) < 15:
        return None
    pause = int(10 * (np.diff(where).max() - 1)) if len(where) > 1 else 0
    power = (samples[: count * 80].reshape(count, 80)[active] ** 2).mean()
    return Recording(
        path, voice, samples, active, int(where[0]) * 80, int(where[-1] + 1) * 80, float(decibels(power)), pause
    )


def _files():
    """(side, voice, path) of every recording."""
    for folder in EVALUATION_FOLDERS + DEVELOPMENT_FOLDERS + TRAINING_FOLDERS:
        side = (
            "evaluation"
            if folder in EVALUATION_FOLDERS
            else "development" if folder in DEVELOPMENT_FOLDERS else "training"
        )
        for path in sorted(glob.glob(f"{folder}/**/*.wav", recursive=True) + glob.glob(f"{folder}/**/*.gsm", recursive=True)):
            if not any(word in os.path.relpath(path, folder) for word in NOT_SPEECH):
                yield side, os.path.basename(folder), path
    for root in (KLETTRES, KTUBERLING):
        for path in sorted(glob.glob(f"{root}/*/**/*.ogg", recursive=True) + glob.glob(f"{root}/*/*.wav")):
            language = os.path.relpath(path, root).split("/")[0].split("@")[0]
            side = (
                "evaluation"
                if language in EVALUATION_LANGUAGES
                else "development" if language in DEVELOPMENT_LANGUAGES else "training"
            )
            yield side, f"{os.path.basename(os.path.dirname(root) if root == KTUBERLING else root)}-{language}", path
    for path in sorted(glob.glob(f"{POCKETSPHINX}/**/*.wav", recursive=True) + glob.glob(f"{POCKETSPHINX}/*.raw")):
        yield "evaluation", f"pocketsphinx-{os.path.basename(os.path.dirname(path))}", path
    for path in sorted(glob.glob(f"{FILLETS}/**/*.ogg", recursive=True)):
        language = path.split("/")[-2]
        if language in ("cs", "nl"):
            yield "training", f"fillets-{language}", path



def load(side, cache=None):
    """The recordings of a side: `training`, `development` or `evaluation`.

    The sides have no voice in common. No recording is on two sides by its content either: of two files with the same
    samples the second is left out wherever it is."""
    store = os.path.join(cache, f"recordings-{side}.npz") if cache else None
    if store and os.path.exists(store):
        data = np.load(store, allow_pickle=True)
        return [Recording(*fields) for fields in data["recordings"]]
    seen, found = set(), []
    for its_side, voice, path in _files():
        if its_side != side:
            continue
        try:
            samples = read(path)
        except Exception:
            continue  # not a sound file that libsndfile reads
        digest = hashlib.sha256(np.round(samples * 32768).astype("<i2").tobytes()).digest()
        if digest in seen:
            continue
        seen.add(digest)
        recording = label(path, voice, samples)
        if recording is not None:
            found.append(recording)
    if store:
        os.makedirs(cache, exist_ok=True)
        rows = np.empty((len(found), 8), dtype=object)
        for index, recording in enumerate(found):
            rows[index, :] = list(recording.__dict__.values())
        np.savez(store, recordings=rows)
    return found
