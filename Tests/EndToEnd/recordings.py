"""Recordings, as an operator gets at them: through `patchbay recording`."""

import json
import pathlib
import subprocess
import wave

import numpy

from gateway import run
from speech import RATE, Speech


def settings(folder, **more):
    """The folder of recordings, and the configuration's section."""
    folder.mkdir(exist_ok=True)
    return {"enabled": True, "directory": str(folder)} | more


def key_folder(folder, org, name="2026-11", byte=7):
    """A folder with one organization's key."""
    own = folder / org
    own.mkdir(parents=True, exist_ok=True)
    key = own / f"{name}.key"
    key.write_bytes(bytes([byte]) * 32)
    key.chmod(0o600)
    return folder


class Archive:
    """A folder of recordings."""

    def __init__(self, folder, keys=None):
        self.options = ["--directory", folder] + (["--keys", keys] if keys else [])
        self.folder = pathlib.Path(folder)

    def command(self, verb, *arguments, expected=0):
        done = run("recording", verb, *self.options, *arguments)
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout

    def list(self):
        return [json.loads(line) for line in self.command("list", "--json").splitlines()]

    def export(self, recording, to):
        """The audio's path and the timeline."""
        to.mkdir(exist_ok=True)
        audio, timeline = self.command("export", recording, "--to", to).splitlines()
        return pathlib.Path(audio), json.loads(pathlib.Path(timeline).read_text())


def channels(path):
    """The caller's and the agent's side of an exported recording, at 8 kHz."""
    if path.suffix == ".opus":
        plain = path.with_suffix(".decoded.wav")
        subprocess.run(["opusdec", "--quiet", "--rate", str(RATE), path, plain], check=True)
        path = plain
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        samples = numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    return Speech(samples[:, 0]), Speech(samples[:, 1])


def offset(heard, spoken):
    """Seconds into `heard` at which `spoken` lies."""
    a, b = heard.samples.astype(float), spoken.samples.astype(float)
    size = 1 << (len(a) + len(b)).bit_length()
    correlation = numpy.fft.irfft(numpy.fft.rfft(a, size) * numpy.conj(numpy.fft.rfft(b, size)), size)
    return int(correlation[: len(a)].argmax()) / RATE


def tone_level(samples, hertz):
    """The level of a tone in dB of full scale, the loudest of all tenths of a second."""
    size = RATE // 10
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(float) / 32768
    wave_form = numpy.exp(-2j * numpy.pi * hertz * numpy.arange(size) / RATE)
    if len(frames) == 0:
        return -200.0
    return float(20 * numpy.log10(abs(frames @ wave_form).max() * 2 / size + 1e-10))
