"""Reads conversations: a folder in the layout of LiveKit's eot-bench-data (Apache-2.0, not part of this project).

Each row is one whole turn of a caller: `id`, `language`, `audio`, and `silence_spans`, a list of `start` and `end` in
seconds of every silence of 100 ms or more. The last of them is the true end of the turn, the others are pauses within it.
`words` and `messages` are not read. The rows are in either of:

- `**/*.parquet`, as that data set is published; `audio` holds a file's bytes. Needs pyarrow, which is not installed by
  Scripts/speech/environment: `pip install pyarrow` there;
- `**/*.jsonl`, one row a line; `audio` (or `file_name`) is the path of a file beside it. A WAV of 16 bits is read without
  anything else, others with soundfile.
"""

import io
import json
import pathlib
import wave
from dataclasses import dataclass

import numpy as np

RATE = 8000
SHORTEST = 0.1  # of a silence, in seconds
LONGEST = 300  # of a turn, in seconds


class DataError(Exception):
    """What is wrong with a folder, and where."""


@dataclass
class Turn:
    """A caller's turn: samples in -1…1 at 8 kHz, and its silences as (begin, end) in milliseconds, the last of them its
    end."""

    name: str
    language: str
    samples: np.ndarray
    silences: list

    @property
    def end(self):
        return self.silences[-1][0]


def resampled(samples, rate):
    """At 8 kHz: what is above its half is taken out by a sinc of 64 periods first."""
    if rate == RATE:
        return samples
    if rate > RATE:
        half = int(32 * rate / RATE)
        taps = np.sinc(np.arange(-half, half + 1) * RATE / rate * 0.95) * np.hamming(2 * half + 1)
        samples = np.convolve(samples, taps / taps.sum(), "same")
    count = int(len(samples) * RATE / rate)
    return np.interp(np.arange(count) * rate / RATE, np.arange(len(samples)), samples)


def decoded(data):
    """The samples of a sound file's bytes, one channel, and their rate."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getsampwidth() == 2:
                values = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
                return values.mean(axis=1) / 32768, file.getframerate()
    except (wave.Error, EOFError):
        pass
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(data), dtype="float64", always_2d=True)
    return samples.mean(axis=1), rate


def turn(row, where, audio):
    """A turn of a row; `audio` gives the bytes of what the row names. None where it has no silence."""
    try:
        name, language = str(row["id"]), str(row["language"])
        spans = [(float(span["start"]), float(span["end"])) for span in row["silence_spans"]]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where}: a row needs `id`, `language` and `silence_spans` of `start` and `end` ({error})")
    if any(end < begin or begin < 0 or end > LONGEST for begin, end in spans) or spans != sorted(spans):
        raise DataError(f"{where}: the silences of {name} are not in order, or longer than {LONGEST} s")
    # The end may be the end of the audio itself.
    spans = [span for span in spans[:-1] if span[1] - span[0] >= SHORTEST] + spans[-1:]
    if not spans:
        return None
    samples, rate = decoded(audio(row))
    return Turn(name, language, resampled(samples, rate), [(round(1000 * b), round(1000 * e)) for b, e in spans])


def of_lines(path):
    def audio(row):
        file = (path.parent / str(row.get("audio") or row.get("file_name"))).resolve()
        if not file.is_file():
            raise DataError(f"{path}: there is no file {file}")
        return file.read_bytes()

    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{path}:{number}: this is not JSON ({error})")
            yield turn(row, f"{path}:{number}", audio)


def of_parquet(path):
    try:
        import pyarrow.parquet
    except ImportError:
        raise DataError(f"{path} needs pyarrow: install it in the environment that Scripts/speech/environment names")
    for batch in pyarrow.parquet.ParquetFile(path).iter_batches(
        batch_size=16, columns=["id", "language", "audio", "silence_spans"]
    ):
        for row in batch.to_pylist():
            yield turn(row, path, lambda row: row["audio"]["bytes"])


def read(folder):
    """All turns of a folder, one after the other."""
    files = sorted(pathlib.Path(folder).rglob("*"))
    found = False
    for path in files:
        rows = of_parquet(path) if path.suffix == ".parquet" else of_lines(path) if path.suffix == ".jsonl" else ()
        for each in rows:
            if each is not None:
                found = True
                yield each
    if not found:
        raise DataError(f"{folder} holds no turns: it needs rows in *.parquet or *.jsonl (Docs/turns.md)")
