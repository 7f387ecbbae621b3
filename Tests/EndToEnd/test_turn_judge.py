"""A judge of whether turns are over: a folder of conversations is read, a judge learns of it, and the command asks it.

The conversations are made here, of tones: they show that all of it works together, and nothing of how good it is."""

import json
import pathlib
import subprocess
import sys
import wave

import numpy as np
import pytest

from caller import Caller
from conftest import TENANT_A, agent
from gateway import BINARY
from recordings import Archive, settings
from speech import recorded

SPEECH = pathlib.Path(__file__).resolve().parents[2] / "Scripts/speech"
RATE = 16000


def vowel(seconds, pitch, slope, fade):
    """Harmonics of a pitch that rises or falls, at a level that does."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = np.cumsum(pitch * (1 + slope * time / seconds) * (1 + 0.05 * np.sin(2 * np.pi * 4 * time)) / RATE)
    return (1 - 2 * (phase % 1)) * 0.15 * (1 - fade * time / seconds)


def turn(random):
    """Stretches of speech: those that rise are followed by more, the last one falls and fades."""
    parts, silences, at = [], [], 0.0
    for last in [False] * int(random.integers(1, 3)) + [True]:
        seconds = random.uniform(0.7, 1.2)
        parts.append(vowel(seconds, random.uniform(110, 140), -0.35 if last else 0.35, 0.7 if last else 0))
        pause = 0.5 if last else random.uniform(0.3, 0.9)
        parts.append(np.zeros(int(pause * RATE)))
        silences.append({"start": at + seconds, "end": at + seconds + pause})
        at += seconds + pause
    samples = np.concatenate(parts)
    return samples + 2e-4 * random.standard_normal(len(samples)), silences


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("conversations"), np.random.default_rng(5)
    rows = []
    for index in range(40):
        samples, silences = turn(random)
        with wave.open(str(folder / f"{index}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes((samples * 32767).astype("<i2").tobytes())
        rows.append({"id": f"turn-{index}", "language": "en", "audio": f"{index}.wav", "silence_spans": silences})
    (folder / "turns.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def judge(*arguments):
    return subprocess.run([sys.executable, SPEECH / "judge.py", *map(str, arguments)], capture_output=True, text=True)


def detect(file, *arguments):
    run = subprocess.run([BINARY, "speech", "detect", *map(str, arguments), file], capture_output=True, text=True)
    return run, [json.loads(line) for line in run.stdout.splitlines()]


def test_a_judge_is_trained_and_asked(folder, tmp_path):
    made = tmp_path / "judge"
    trained = judge("--data", folder, "--out", made)
    assert trained.returncode == 0, trained.stderr
    assert "trained with" in trained.stdout and "was not trained with" in trained.stdout
    assert float(trained.stdout.splitlines()[1].rsplit(": ")[1].split()[0]) > 75, trained.stdout
    samples = vowel(1.0, 125, -0.35, 0.7), vowel(1.0, 125, 0.35, 0)
    waited = []
    for index, said in enumerate(samples):
        line = np.concatenate((np.zeros(RATE), said, np.zeros(2 * RATE)))
        line += 2e-4 * np.random.default_rng(index).standard_normal(len(line))
        path = tmp_path / f"{index}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes((line * 32767).astype("<i2").tobytes())
        run, told = detect(path, "--adaptive", "250-1500", "--judge", made)
        assert run.returncode == 0, run.stderr
        ends = [line for line in told if line["event"] == "end"]
        assert len(ends) == 1 and "judge" in ends[0]["because"], told
        waited.append(ends[0]["silence"])
        _, plain = detect(path, "--adaptive", "250-1500")
        assert [line["silence"] for line in plain if line["event"] == "end"] == [700]
    assert waited[0] < 700 < waited[1], waited


def test_what_is_wrong_is_said(folder, tmp_path):
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    run = judge("--data", nothing, "--out", tmp_path / "none")
    assert run.returncode == 1 and "holds no turns" in run.stderr
    (nothing / "turns.jsonl").write_text('{"id": 1}\n')
    run = judge("--data", nothing, "--out", tmp_path / "none")
    assert run.returncode == 1 and "turns.jsonl:1" in run.stderr and "silence_spans" in run.stderr
    assert not (tmp_path / "none").exists()
    broken = tmp_path / "broken"
    broken.write_bytes(b"patchbay turn judge 1\n")
    run, _ = detect(folder / "0.wav", "--adaptive", "250-1500", "--judge", broken)
    assert run.returncode != 0 and "0 bytes of weights where 4676 belong" in run.stderr
    run, _ = detect(folder / "0.wav", "--judge", broken)
    assert run.returncode != 0 and "--judge needs --adaptive" in run.stderr


def test_a_server_asks_it(tmp_path, own_gateway, issuer):
    """A judge that is sure halves the end silence, one that is sure of the opposite makes it half as long again."""
    script = tmp_path / "listening.yaml"
    script.write_text(
        "start: listening\nstates: {listening: {say: {text: Hello.}, speech: {say: {text: Thank you.}, end: true}}}\n")
    agents = []
    for name, says in (("over", 10), ("goes-on", -10)):
        weights = np.zeros(1169, "<f4")
        weights[-1] = says  # what is added last
        (tmp_path / name).write_bytes(b"patchbay turn judge 1\n" + weights.tobytes())
        made = agent(name, "chunk", {"kind": "scripted", "script": str(script)}, default=not agents, recorded=True)
        made["speech"]["adaptive"] = {"minimum": "250ms", "maximum": "1500ms", "judge": str(tmp_path / name)}
        agents.append(made)
    recording = settings(tmp_path / "recordings", enabled=False)
    gateway = own_gateway(agents=agents, recording=recording)
    archive, waited = Archive(tmp_path / "recordings"), []
    with gateway.channel() as channel:
        for made in agents:
            caller = Caller(channel, issuer.token(TENANT_A), TENANT_A["org"], made["id"], "chunk")
            caller.start()
            assert caller.speak(recorded("vm-password")).text == "Thank you."
            _, timeline = archive.export(archive.list()[-1]["id"], archive.folder / made["id"])
            ends = [event for event in timeline["events"] if event["event"] == "speech_ended"]
            assert len(ends) == 1 and "judge" in ends[0]["because"], ends
            waited.append(ends[0]["silence_ms"])
    assert 300 <= waited[0] <= 400 and 1000 <= waited[1] <= 1100, waited
