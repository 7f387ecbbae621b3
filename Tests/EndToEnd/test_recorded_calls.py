"""Calls are recorded, exported, and made again: what the caller did, when, and what the server answered (S2, Wire 3)."""

import base64
import json
import os
import pathlib
import re
import shutil
import stat
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest
import yaml

from caller import Caller
from conftest import TENANT_A
from gateway import run
from recordings import Archive, channels, key_folder, settings
from speech import ROOT, SOUNDS, Speech, from_mulaw, likeness, recorded


@pytest.fixture
def token_file(tmp_path, issuer):
    file = tmp_path / "token"
    file.write_text(issuer.token(TENANT_A))
    return file


def finished(archive, count):
    deadline = time.monotonic() + 20
    while True:
        rows = archive.list()
        if len(rows) >= count and all(row["state"] != "live" for row in rows):
            return rows
        assert time.monotonic() < deadline, rows
        time.sleep(0.1)


def milliseconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * {"ms": 1, "s": 1000, "m": 60_000}[unit]


def export(archive, row, folder, *options):
    made = archive.command("export", row["id"], "--to", folder, "--format", "call", *options).strip()
    return pathlib.Path(made), yaml.safe_load((pathlib.Path(made) / "call.yaml").read_text())


KEYS = "90817263"


def test_a_call_is_made_again_as_it_was(own_gateway, issuer, token_file, tmp_path):
    """A caller interrupts the greeting, presses keys into the answer and hangs up into the next. The recording, which is
    encrypted, becomes a call; what the server records when that is replayed is the same call again."""
    keys = key_folder(tmp_path / "keys", TENANT_A["org"])
    gateway = own_gateway(recording=settings(tmp_path / "recordings", keys=str(keys), digits=True))
    words = recorded("vm-theperson")
    with gateway.channel() as channel:
        call = Caller(channel, issuer.token(TENANT_A), TENANT_A["org"], "demo-wav", "wav")
        call.start()
        time.sleep(0.5)
        call.speak(words, after_prompts=False)
        time.sleep(1)
        call.press(KEYS)
        time.sleep(0.4)
        call.hang_up()
    archive = Archive(tmp_path / "recordings", keys)
    (row,) = finished(archive, 1)
    made, first = export(archive, row, tmp_path / "calls", "--expect", "--keep-digits")
    assert stat.S_IMODE(os.stat(made).st_mode) == 0o700
    said, keyed, left = first["turns"]
    assert first["call"] == 1 and first["frame"] == "20ms" and milliseconds(first["greeting"]["recorded"]["length"]) > 1000
    assert 300 < milliseconds(said["over_prompt"]) < 1500 and "half_close" in said
    assert keyed["keys"] == KEYS and 900 < milliseconds(keyed["over_prompt"]) < 2500
    assert left["hang_up"] is True and 300 < milliseconds(left["over_prompt"]) < 1500
    spoken = {what: milliseconds(said["say"][what]) for what in ("from", "to")}
    assert abs(spoken["to"] - spoken["from"] - 1000 * words.trimmed().seconds) < 500
    with wave.open(f"{made}/caller.wav") as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 8000)
    names = {event["event"] for event in json.loads((made / "timeline.json").read_text())["events"]}
    assert {"rpc_opened", "received", "audio_began", "half_closed", "prompt", "digits"} <= names

    # What was entered is not exported unless it is asked for.
    masked, other = export(archive, row, tmp_path / "masked")
    assert other["turns"][1]["keys"] == "?" * len(KEYS) and "keys" not in (masked / "timeline.json").read_text()
    audio, timeline = archive.export(row["id"], tmp_path / "out")
    assert "keys" not in str(timeline) and audio.exists()

    again = run("call", "--recorded", made, "--target", gateway.address, "--agent", "demo-wav", "--token", token_file,
                "--json", seconds=60)
    report = json.loads(again.stdout)
    assert again.returncode == 0, again.stderr
    assert [turn["kind"] for turn in report["turns"]] == ["greeting", "speech", "digits"]
    assert report["turns"][1]["bargedIn"] and report["outcome"] == "hungUp" and report["violations"] == []
    _, second = export(archive, finished(archive, 2)[1], tmp_path / "again", "--keep-digits")
    assert [{"say", "keys", "hang_up"} & set(turn) for turn in second["turns"]] == [{"say"}, {"keys"}, {"hang_up"}]
    for old, new in zip(first["turns"], second["turns"]):
        for time_of in ("over_prompt", "half_close"):
            assert (time_of in old) == (time_of in new), (old, new)
            if time_of in old:
                assert abs(milliseconds(old[time_of]) - milliseconds(new[time_of])) < 500, (old, new)
        if "recorded" in old:
            assert abs(milliseconds(old["recorded"]["length"]) - milliseconds(new["recorded"]["length"])) < 700, (old, new)
    assert second["turns"][1]["keys"] == KEYS

    # A load of it, and one that is expected to be faster than any server.
    faster = tmp_path / "faster.call"
    shutil.copytree(made, faster)
    hasty = re.sub(r"answered_within: \d+ms", "answered_within: 1ms", (made / "call.yaml").read_text())
    (faster / "call.yaml").write_text(hasty)
    load = ["--calls", 2, "--target", gateway.address, "--agent", "demo-wav", "--token", token_file, "--json"]
    with ThreadPoolExecutor() as pool:
        both = [
            pool.submit(run, "replay", folder, *load, "--report", tmp_path / name, "--junit", tmp_path / f"{name}.xml",
                        seconds=60) for folder, name in ((tmp_path / "calls", "good"), (faster, "failed"))]
    replayed, failed = [future.result() for future in both]
    figures = json.loads(replayed.stdout.splitlines()[-1])
    assert replayed.returncode == 0 and figures["calls"] == 2 and figures["turns"] == 4, replayed.stderr
    figures = json.loads(failed.stdout.splitlines()[-1])
    assert failed.returncode == 1 and figures["errors"].keys() == {"NOT_AS_EXPECTED"}, failed.stderr
    assert "turn 1: expected answered within 1 ms: not so in 2 of 2 calls" in failed.stderr, failed.stderr

    # The report has what was asked, of what, and both sides of the calls.
    summary = json.loads((tmp_path / "failed/summary.json").read_text())
    assert summary["about"]["target"] == gateway.address and summary["about"]["command"].count("replay")
    assert {0, 2} <= {e["failed"] for e in summary["expectations"]} and summary["series"]["points"]
    page = (tmp_path / "failed/index.html").read_text()
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
    # S1: they have nothing of what was keyed.
    reports = [path for name in ("good", "failed") for path in [*(tmp_path / name).rglob("*"), tmp_path / f"{name}.xml"]
               if path.suffix in (".html", ".json", ".xml", ".csv", ".txt")]
    assert len(reports) >= 6
    for text in (again.stdout, replayed.stdout, replayed.stderr, failed.stdout, failed.stderr, *(path.read_text() for path in reports)):
        assert KEYS not in text
    assert data["report"] == summary and len(data["samples"]) == 2
    heard = from_mulaw(base64.b64decode(data["samples"][0]["audio"])).samples.reshape(-1, 2)
    assert likeness(Speech(heard[:, 0]), words) > 0.8, "the caller's side is what was said"
    cases = ElementTree.parse(tmp_path / "failed.xml").getroot()
    assert len(cases.findall("testcase/failure")) >= 3 and int(cases.get("tests")) == len(cases) > 5
    assert not ElementTree.parse(tmp_path / "good.xml").getroot().findall("testcase/failure")
    wrong = run("replay", made, *load, "--compare", tmp_path / "good.xml")
    assert wrong.returncode == 1 and "is no summary.json" in wrong.stderr, wrong.stderr


def test_the_example_of_the_documentation(gateway, token_file, tmp_path):
    """The call that the page shows is one that can be made."""
    page = (ROOT / "Docs/recorded-calls.md").read_text()
    folder = tmp_path / "order.call"
    folder.mkdir()
    (folder / "call.yaml").write_text(re.search(r"```yaml\n(.*?)```", page, re.S)[1])
    shutil.copy(SOUNDS / "vm-theperson.wav", folder / "hello.wav")
    shutil.copy(SOUNDS / "tt-weasels.wav", folder / "weasels.wav")
    made = run("call", "--recorded", folder, "--target", gateway.address, "--agent", "demo-chunk", "--token", token_file,
               "--json", seconds=60)
    assert made.returncode == 0, made.stderr
    turns = json.loads(made.stdout)["turns"]
    assert [turn["kind"] for turn in turns] == ["greeting", "speech", "speech", "digits"]
    assert [turn["bargedIn"] for turn in turns] == [False, True, True, True]


def test_audio_becomes_a_call(tmp_path, token_file):
    """Of a stereo file, the caller's stretches become turns with their place in relation to the agent's; a folder that
    holds no call, and a call that names what is not there, are told of before anybody is called."""
    both = tmp_path / "both.wav"
    caller, agent = recorded("vm-theperson"), recorded("tt-weasels")
    gap = 8000
    left = [0] * (len(agent.samples) + gap) + list(caller.samples)
    right = list(agent.samples) + [0] * (len(left) - len(agent.samples))
    with wave.open(str(both), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(int(s).to_bytes(2, "little", signed=True) for pair in zip(left, right) for s in pair))
    made = run("recording", "import", both, "--to", tmp_path / "a.call")
    assert made.returncode == 0, made.stderr
    turns = yaml.safe_load((tmp_path / "a.call/call.yaml").read_text())["turns"]
    assert len(turns) == 1 and 500 < milliseconds(turns[0]["after"]) < 2000, turns
    heard, _ = [tmp_path / "a.call" / name for name in ("caller.wav", "agent.wav")]
    with wave.open(str(heard)) as file:
        assert file.getnframes() == len(left)
    twice = run("recording", "import", both, "--to", tmp_path / "a.call")
    assert twice.returncode == 1 and "cannot be made" in twice.stderr

    empty = run("replay", tmp_path, "--calls", 1, "--token", token_file, "--target", "127.0.0.1:9")
    assert empty.returncode == 1 and "UNAVAILABLE" in empty.stderr, empty.stderr
    (tmp_path / "none").mkdir()
    none = run("replay", tmp_path / "none", "--calls", 1, "--token", token_file)
    assert none.returncode == 78 and "there is no recorded call in this folder" in none.stderr, none.stderr
    (tmp_path / "a.call/caller.wav").unlink()
    os.mkfifo(tmp_path / "a.call/caller.wav")
    broken = run("replay", tmp_path / "a.call", "--calls", 1, "--token", token_file)
    assert broken.returncode == 78 and "caller.wav: is no file" in broken.stderr, broken.stderr
