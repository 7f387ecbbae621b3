"""What is kept of calls: both sides on one clock, nothing sensitive, nothing lost in a crash (S2, S4, S5, R2, R7)."""

import audioop
import json
import os
import re
import signal
import subprocess
import threading
import time
import wave

import grpc
import numpy
import pytest

import opus
from caller import Caller
from collector import lag, signal_to_noise
from conftest import TENANT_A, TENANT_B, configuration
from gateway import run
from media import (
    AGENT, AUDIO, CALLER, FORKING_SCHEMA, MEETING_SCHEMA, Fork, Meeting, Pace, closing, packet,
)
from recordings import Archive, channels, key_folder, offset, settings, tone_level
from speech import RATE, Speech, from_mulaw, likeness, recorded, silence

CARD = "4556737586899855"
TONES = {
    "1": (697, 1209), "2": (697, 1336), "3": (697, 1477), "4": (770, 1209), "5": (770, 1336), "6": (770, 1477),
    "7": (852, 1209), "8": (852, 1336), "9": (852, 1477), "0": (941, 1336),
}


def tones(digits):
    """Keys as a telephone sends them in the voice band (ITU-T Q.23): 80 ms each, 80 ms apart."""
    time_axis = numpy.arange(int(0.08 * RATE)) / RATE
    pieces = []
    for digit in digits:
        low, high = TONES[digit]
        sound = 6000 * (numpy.sin(2 * numpy.pi * low * time_axis) + numpy.sin(2 * numpy.pi * high * time_axis))
        pieces += [sound, numpy.zeros(int(0.08 * RATE))]
    return Speech(numpy.concatenate(pieces))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recordings"


def caller(gateway, channel, issuer, agent="demo-wav", tenant=TENANT_A):
    return Caller(channel, issuer.token(tenant), tenant["org"], agent, "chunk" if "chunk" in agent else "wav")


def finished(archive, count=1):
    """The list, once so many recordings have come to their end."""
    deadline = time.monotonic() + 20
    while True:
        rows = archive.list()
        if len(rows) >= count and all(row["state"] != "live" for row in rows):
            return rows
        assert time.monotonic() < deadline, rows
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("agent", "kept"), [("demo-wav", "wav"), ("demo-chunk", "opus"), ("demo-chunk", "sealed")])
def test_both_sides_are_kept(own_gateway, issuer, folder, tmp_path, agent, kept):
    """The caller left, the agent right; what the bot said back lies where the caller heard it."""
    keys = key_folder(tmp_path / "keys", TENANT_A["org"]) if kept == "sealed" else None
    more = {"format": "opus"} if kept == "opus" else {"keys": str(keys)} if keys else {}
    gateway = own_gateway(recording=settings(folder, **more))
    spoken = recorded("vm-theperson") + silence(0.2) + recorded("vm-theperson")
    with gateway.channel() as channel:
        call = caller(gateway, channel, issuer, agent)
        began = time.monotonic()
        call.start()
        answer = call.speak(spoken)
        said = answer.utterance.started - began
        answered = answer.ended - began
        time.sleep(answer.audio.seconds)
        call.hang_up()
    archive = Archive(folder, keys)
    (row,) = finished(archive)
    assert row["state"] == "complete" and row["encrypted"] == bool(keys) and row["org"] == TENANT_A["org"]
    assert archive.command("verify").splitlines()[-1] == "1 good, 0 bad"
    audio, timeline = archive.export(row["id"], tmp_path / "out")
    left, right = channels(audio)
    match = 0.8 if kept == "opus" else 0.95
    assert likeness(left, spoken) > match and likeness(right, spoken) > match
    assert abs(offset(left, spoken) - said) < 0.35, "the caller's words are where they were said"
    assert abs(offset(right, spoken) - answered) < 1.5, "the bot's are where they were answered"
    assert offset(right, spoken) > offset(left, spoken) + spoken.seconds
    events = [event["event"] for event in timeline["events"]]
    assert events[0] == "rpc_opened" and "started" in events and events[-1] == "ended" and "speech_started" in events and "speech_ended" in events
    for file in folder.rglob("*"):
        if file.is_file():
            assert file.stat().st_mode & 0o777 == 0o600, file
            assert call.conversation not in file.name
            if keys and "audit" not in file.name:
                assert call.conversation.encode() not in file.read_bytes() and b"RIFF" not in file.read_bytes()


def test_nothing_sensitive_is_kept(own_gateway, issuer, folder, tmp_path):
    """S2: a card number by keys and as tones in the voice band is in no recording, no timeline and no log."""
    gateway = own_gateway(recording=settings(folder, text=True))
    with gateway.channel() as channel:
        call = caller(gateway, channel, issuer, "script-wav")
        call.start()
        call.speak(recorded("vm-theperson"))
        call.press("2")
        line = call.listen()
        time.sleep(0.3)
        line.say(tones(CARD)).sent.wait(20)
        time.sleep(0.3)
        line.half_close()
        paid = call.press(CARD)
        assert not paid.final.input_sensitive
        time.sleep(0.5)
        call.hang_up()
    archive = Archive(folder)
    (row,) = finished(archive)
    audio, timeline = archive.export(row["id"], tmp_path / "out")
    left, right = channels(audio)
    assert likeness(left, recorded("vm-theperson")) > 0.9, "what was said before is kept"
    began, ended = ([event["ms"] for event in timeline["events"] if event["event"] == f"sensitive_{what}"]
                    for what in ("began", "ended"))
    assert len(began) == len(ended) == 1 and ended[0] - began[0] > 2_500
    for side in (left, right):
        stretch = side.samples[began[0] * RATE // 1000 + 8 : ended[0] * RATE // 1000 - 8]
        assert not stretch.any(), "silence of the same length"
    assert max(tone_level(left.samples[began[0] * 8 :], hertz) for hertz in (697, 770, 852, 941)) < -60
    for text in (str(timeline), gateway.log, *(f.read_bytes().decode("latin-1") for f in folder.rglob("*.json*"))):
        assert CARD not in text and CARD[:8] not in text
    for file in folder.rglob("*.wav"):
        assert tone_level(channels(file)[0].samples[began[0] * 8 :], 941) < -60


def test_who_is_recorded(own_gateway, issuer, folder):
    """A tenant's and an agent's no is final; what is not said is the configuration's."""
    made = configuration(issuer)
    made["identity"]["tenants"][1]["recording"] = {"enabled": False}
    made["agents"][1]["recorded"] = False
    gateway = own_gateway(identity=made["identity"], agents=made["agents"], recording=settings(folder))
    with gateway.channel() as channel:
        for agent, tenant in (("demo-wav", TENANT_A), ("demo-chunk", TENANT_A), ("demo-wav", TENANT_B)):
            call = caller(gateway, channel, issuer, agent, tenant)
            call.start()
            call.hang_up()
    rows = finished(Archive(folder))
    assert [(row["org"], row["agent"]) for row in rows] == [(TENANT_A["org"], "demo-wav")]


def test_killed_while_twenty_calls_are_recorded(own_gateway, issuer, folder, tmp_path):
    """R2: after kill -9 every file plays, and the next start marks and closes all of them."""
    keys = key_folder(tmp_path / "keys", TENANT_A["org"])
    made = settings(folder)
    gateway = own_gateway(recording=made)
    sealed = own_gateway(recording=settings(tmp_path / "sealed", keys=str(keys)))
    spoken = recorded("tt-weasels")
    for server in (gateway, sealed):
        channel = server.channel()
        calls = [caller(server, channel, issuer) for _ in range(10)]

        def talk(call):
            call.start()
            call.line = call.listen()
            for _ in range(3):
                call.line.say(spoken)

        threads = [threading.Thread(target=talk, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    time.sleep(4)
    for server in (gateway, sealed):
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    plain_archive, sealed_archive = Archive(folder), Archive(tmp_path / "sealed", keys)
    for archive in (plain_archive, sealed_archive):
        rows = archive.list()
        assert len(rows) == 10 and {row["state"] for row in rows} == {"interrupted"}
    for file in folder.rglob("*.wav"):  # as it lies there, before any repair
        left, _ = channels(file)
        # Twenty callers of one Python process are late on a busy machine: what is late lies after a gap.
        assert left.seconds > 2 and likeness(left, spoken) > 0.6
    own_gateway(recording=made)
    deadline = time.monotonic() + 15
    while {row["state"] for row in plain_archive.list()} != {"incomplete"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert plain_archive.command("verify").splitlines()[-1] == "10 good, 0 bad"
    assert sealed_archive.command("verify", expected=1).splitlines()[-1] == "0 good, 10 bad"
    assert sealed_archive.command("verify", "--repair").splitlines()[-1] == "10 good, 0 bad"
    audio, timeline = sealed_archive.export(sealed_archive.list()[0]["id"], tmp_path / "out")
    assert likeness(channels(audio)[0], spoken) > 0.9
    assert timeline["closed"]["complete"] is False and timeline["closed"]["reason"]


@pytest.mark.parametrize("kept", ["wav", "opus", "sealed"])
def test_a_kill_loses_no_more_than_a_second(own_gateway, issuer, folder, tmp_path, kept):
    """R2: what was played to a caller who says nothing, and what a caller says, is on the disk within a second."""
    keys = key_folder(tmp_path / "keys", TENANT_A["org"]) if kept == "sealed" else None
    more = {"format": "opus"} if kept == "opus" else {"keys": str(keys)} if keys else {}
    gateway = own_gateway(recording=settings(folder, **more))
    with gateway.channel() as channel:
        began = time.monotonic()
        silent, speaking = caller(gateway, channel, issuer), caller(gateway, channel, issuer)
        silent.start()
        speaking.start()
        speaking.listen().say(recorded("tt-weasels") + recorded("tt-weasels"))
        time.sleep(max(0, 5 - (time.monotonic() - began)))
        gateway.process.kill()
        lasted = time.monotonic() - began
        gateway.process.wait()
    archive = Archive(folder, keys)
    assert archive.command("verify", "--repair").splitlines()[-1] == "2 good, 0 bad"
    rows = archive.list()
    assert {row["state"] for row in rows} == {"incomplete"}
    heard = []
    for row in rows:
        assert row["milliseconds"] / 1000 > lasted - 1.3, "of which 0.3 s are for calls that begin late"
        audio, _ = archive.export(row["id"], tmp_path / "out")
        left, right = channels(audio)
        assert abs(left.seconds - row["milliseconds"] / 1000) < 0.1
        assert abs(right.samples.astype(int)[: 3 * RATE]).max() > 1_000, "the greeting"
        heard.append(abs(left.samples.astype(int)[-RATE:]).max() > 4_000)
        if kept == "opus":
            checked = subprocess.run(["opusinfo", audio], capture_output=True, text=True)
            assert "WARNING" not in checked.stdout + checked.stderr, checked.stdout
    assert sorted(heard) == [False, True]


def test_an_empty_recording_is_called_so(own_gateway, issuer, folder, tmp_path):
    """A server that ends before any audio is written leaves nothing to export, and says so."""
    gateway = own_gateway(recording=settings(folder))
    with gateway.channel() as channel:
        call = caller(gateway, channel, issuer)
        call.start()
        gateway.process.kill()
        gateway.process.wait()
    archive = Archive(folder)
    (file,) = folder.rglob("*.wav")
    with file.open("r+b") as audio:
        audio.truncate(44)
    assert "it is empty" in archive.command("verify", "--repair")
    (row,) = archive.list()
    done = run("recording", "export", *archive.options, row["id"], "--to", tmp_path / "not" / "there")
    assert done.returncode == 1 and "is empty" in done.stderr and f"Made the folder {tmp_path}/not/there" in done.stderr


def test_a_full_disk_costs_the_recording_only(own_gateway, issuer, tmp_path):
    """R7: calls go on, the recording is marked, an alert is logged."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("a file system of one's own takes root")
    try:
        gateway = own_gateway(recording={"enabled": True, "directory": str(disk)})
        with gateway.channel() as channel:
            call = caller(gateway, channel, issuer)
            call.start()
            answer = call.speak(recorded("tt-weasels") + silence(0.3) + recorded("vm-theperson"))
            assert answer.event is None
            call.hang_up()
        gateway.until(lambda: "not recorded as it should be" in gateway.log, "alerts")
        (row,) = finished(Archive(disk))
        assert row["state"] == "incomplete"
        (file,) = disk.rglob("*.wav")
        written = (file.stat().st_size - 44) / 32
        assert 0 < written < 3200 and abs(row["milliseconds"] - written) <= 1, "as long as the file plays"
        metrics = gateway.get("/metrics")[1]
        assert "patchbay_recordings_total{state=\"incomplete\"} 1" in metrics
        lost = 1000 * float(re.search(r'patchbay_audio_dropped_seconds_total{stage="recording_disk"} (\S+)', metrics)[1])
        assert lost > 2_000
        gateway.process.kill()
        gateway.process.wait()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_keys_rotate_and_recordings_are_deleted(own_gateway, issuer, folder, tmp_path):
    """S4: a new key counts for the next call; S5: delete by conversation is at once, and the audit stays."""
    keys = key_folder(tmp_path / "keys", TENANT_A["org"], "2026-10", 1)
    gateway = own_gateway(recording=settings(folder, keys=str(keys)))
    calls = []
    with gateway.channel() as channel:
        for name in ("2026-11", "2026-12"):
            call = caller(gateway, channel, issuer)
            call.start()
            call.hang_up()
            calls.append(call)
            finished(Archive(folder, keys), len(calls))
            key_folder(keys, TENANT_A["org"], name, 2)
    archive = Archive(folder, keys)
    heads = [file.read_bytes()[9:16] for file in sorted(folder.rglob("*.wav.sealed"), key=os.path.getmtime)]
    assert heads == [b"2026-10", b"2026-11"]
    assert archive.command("verify").splitlines()[-1] == "2 good, 0 bad"
    (keys / TENANT_A["org"] / "2026-10.key").unlink()
    assert archive.command("verify", expected=1).splitlines()[-1] == "1 good, 1 bad"
    assert archive.command("delete", "--conversation", calls[1].conversation) == "1 deleted\n"
    assert len(list(folder.rglob("*.wav.sealed"))) == 1
    audit = (folder / "audit.jsonl").read_text()
    assert '"deleted"' in audit and calls[1].conversation not in audit


def test_changed_recordings_are_told(own_gateway, issuer, folder, tmp_path):
    """S4: a changed, cut or exchanged file is found by `verify`."""
    keys = key_folder(tmp_path / "keys", TENANT_A["org"])
    gateway = own_gateway(recording=settings(folder, keys=str(keys)))
    with gateway.channel() as channel:
        for _ in range(3):
            call = caller(gateway, channel, issuer)
            call.start()
            time.sleep(1)
            call.hang_up()
    archive = Archive(folder, keys)
    finished(archive, 3)
    one, two, three = sorted(folder.rglob("*.wav.sealed"))
    data = bytearray(one.read_bytes())
    data[len(data) // 2] ^= 1
    one.write_bytes(data)
    two.write_bytes(two.read_bytes()[:-20])
    assert archive.command("verify", expected=1).splitlines()[-1] == "1 good, 2 bad"
    three.write_bytes(two.read_bytes())
    assert archive.command("verify", expected=1).splitlines()[-1] == "0 good, 3 bad"
    for arguments in (["no-such-recording"], ["../../etc/passwd"]):
        archive.command("export", *arguments, expected=1)


@pytest.fixture
def recorded_media(own_gateway, issuer, folder):
    """A server that records forks and meetings, and calls of agents only where they say so."""
    made = configuration(issuer)
    made["identity"]["tenants"][0]["schemas"] = [FORKING_SCHEMA, MEETING_SCHEMA]
    made["identity"]["tenants"][1] |= {"schemas": [FORKING_SCHEMA], "recording": {"enabled": False}}
    return own_gateway(
        identity=made["identity"], receivers=[{"id": "keep", "kind": "record"}],
        recording=settings(folder) | {"enabled": False}, meetings={"sample_rate": 16000})


def media_token(issuer, tenant, schema):
    return issuer.token(tenant, **{"com.cisco.datasource.schema.uuid": schema})


def shown(gateway):
    """What the dashboard lists."""
    status = json.loads(gateway.get("/status")[1])
    assert (status["liveCalls"], status["liveMedia"]) == (0, len(status["calls"]))
    return [(call["kind"], call["agentName"], call["tenant"], call["conversation"]) for call in status["calls"]]


def test_a_fork_is_kept(recorded_media, issuer, folder, tmp_path):
    """The legs of a forked conversation are the two channels, bit for bit and aligned; a tenant's no is final."""
    caller_leg = (silence(0.5) + recorded("vm-goodbye")).encoded("mulaw")
    agent_leg = (recorded("pbx-invalid") + silence(0.5)).encoded("mulaw")
    with recorded_media.channel() as channel:
        for tenant in (TENANT_A, TENANT_B):
            rpc = Fork(channel, media_token(issuer, tenant, FORKING_SCHEMA), tenant["org"], f"fork-{tenant['name']}")
            pace, began = Pace(), time.time()
            for at in range(0, max(len(caller_leg), len(agent_leg)), 160):
                for leg, role in ((caller_leg, CALLER), (agent_leg, AGENT)):
                    if at < len(leg):
                        rpc.audio(leg[at : at + 160], role=role, role_id=f"leg-{role}", seconds=began + at / 8000)
                pace.wait()
            if tenant is TENANT_A:
                assert shown(recorded_media) == [("fork", "Forked conversation", "Alpha", "fork-Alpha")]
            rpc.half_close()
            assert rpc.wait() is grpc.StatusCode.OK
    archive = Archive(folder)
    (row,) = finished(archive)
    assert (row["kind"], row["conversation"], row["state"]) == ("fork", "fork-Alpha", "complete")
    audio, timeline = archive.export(row["id"], tmp_path / "out")
    begins = []
    for side, sent in zip(channels(audio), (caller_leg, agent_leg)):
        spoken = from_mulaw(sent).samples
        begin = lag(side.samples, spoken)
        assert numpy.array_equal(side.samples[max(0, begin):][: len(spoken)], spoken[max(0, -begin):])
        begins.append(begin)
    assert abs(begins[0] - begins[1]) <= 160, "aligned within 20 ms"
    assert [e["event"] for e in timeline["events"]][-1] == "ended"


def test_a_meeting_is_kept(recorded_media, issuer, folder, tmp_path):
    """Each participant of a meeting is a recording of its own, on the meeting's clock."""
    with recorded_media.channel() as channel:
        meeting = Meeting(channel, media_token(issuer, TENANT_A, MEETING_SCHEMA), TENANT_A["org"], "meeting-1")
        meeting.control.wait_for(lambda r: r.media_stream_request.HasField("audio_config"), "request for audio")
        said = {}
        began = int(time.time() * 1000)
        for number, (name, sound) in enumerate((("ada", "vm-goodbye"), ("ben", "pbx-invalid"))):
            linear = recorded(sound).samples.astype("<i2").tobytes()
            said[name] = numpy.frombuffer(audioop.ratecv(linear, 2, 1, 8000, 16000, None)[0], dtype="<i2")
            rpc = meeting.open(f"audio-{number}", AUDIO)
            pace = Pace()
            for at, data in enumerate(opus.Encoder(16000, bitrate=40000).packets(said[name])):
                rpc.send(packet(data, at + 1, name, began + at * 20))
                pace.wait()
            rpc.send(closing())
            rpc.half_close()
        assert shown(recorded_media) == [("meeting", "Meeting", "Alpha", "meeting-1")]
        meeting.close()
        assert meeting.control.wait() is grpc.StatusCode.OK
    archive = Archive(folder)
    rows = finished(archive, 2)
    assert sorted((row["kind"], row["agent"]) for row in rows) == [("meeting", "ada"), ("meeting", "ben")]
    for row in rows:
        audio, _ = archive.export(row["id"], tmp_path / "out")
        with wave.open(str(audio)) as file:
            assert (file.getnchannels(), file.getframerate()) == (1, 16000)
            heard = numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        spoken = said[row["agent"]]
        assert signal_to_noise(heard, spoken, lag(heard, spoken)) > 8, row["agent"]
