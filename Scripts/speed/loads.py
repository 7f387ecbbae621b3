"""One server under one load, and what it used of the machine."""

import json
import os
import signal
import subprocess
import time
import wave
from pathlib import Path

from servers import both_wires, demo, fail, pinned, Server, token_of

SPEECH = Path("/usr/share/asterisk/sounds/en_US_f_Allison/tt-monkeysintro.wav")
END_SILENCE_MS = 700
# How long a prompt of the demo plays, about.
ANSWER_MS = 5700
# Each thread of callers looks every 5 ms who has a frame due. So many threads, each with a clock of its own, spread
# the frames over the 20 ms as independent callers do. Each has a connection.
CALLER_THREADS = 16
# The bytes of a frame of 20 ms, and what callers send that have such.
FRAMES = {160: ["mulaw", 8000], 320: ["linear16", 8000], 640: ["linear16", 16000]}
# How long the messages are, in milliseconds, that bring a caller's audio over the WebSocket wire; 40 are the fewest.
MESSAGES = {"websocket-40": 40, "websocket-100": 100}
# After the ramp, until every greeting is over.
SETTLING = 2


def speech_ms():
    with wave.open(str(SPEECH)) as file:
        return file.getnframes() * 1000 // file.getframerate()


def silence(folder, seconds):
    """A WAV file of silence."""
    path = folder / f"silence-{seconds}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000 * seconds))
    return path


def start(name, binaries, folder, calls, mode):
    """A contender: `patchbay`, `older`, `bare`, or one of the wires `grpc`, `websocket-40` and `websocket-100`."""
    if name == "bare":
        # An RPC hears as much as one of Patchbay's: silence while the prompt plays, speech, and the silence that ends it.
        never = 86_400_000
        start = ANSWER_MS + 300 if mode == "turns" else never
        end = ANSWER_MS + speech_ms() + END_SILENCE_MS if mode == "turns" else never
        return Server(name, [binaries[name], "--start-ms", start, "--end-ms", end, "--answer-ms", ANSWER_MS], folder)
    if name == "grpc" or name in MESSAGES:
        server = both_wires(name, binaries[name], folder)
        if name in MESSAGES:
            server.target = "ws://" + server.printed("websocket on")
        return server
    return demo(name, binaries[name], folder, calls)


def measure(name, binaries, folder, calls, ramp, seconds, mode="turns", frame=160):
    """One server under one load.

    `turns`: callers speak, wait for the answer, and speak again. `silence`: one RPC is open, and silence is heard on it.
    The figures of CPU and memory are those from the time when all calls are up until the time is over.
    """
    server = start(name, binaries, folder, calls, mode)
    try:
        time.sleep(1)
        played = SPEECH if mode == "turns" else silence(folder, ramp + seconds)
        encoding, rate = FRAMES[frame]
        command = [
            binaries["caller"], "replay", played, "--target", server.target, "--calls", calls, "--ramp", ramp,
            "--loops", CALLER_THREADS, "--channels", CALLER_THREADS, "--encoding", encoding, "--sample-rate", rate, "--json",
            "--allow-errors", 1_000_000]
        command += ["--duration", seconds] if mode == "turns" else ["--patience", 1]
        if name in MESSAGES:
            command += ["--chunk", MESSAGES[name] * frame // 20]
        if name in ("patchbay", "older", "bare"):
            command += ["--token-file", token_of(server, folder)]
        idle, before, waits = server.memory(), server.cpu_seconds(), server.waits()
        output = folder / "replay.json"
        with output.open("wb") as out, (folder / "replay.log").open("wb") as errors:
            begin = time.monotonic()
            load = subprocess.Popen(pinned(True, command), stdout=out, stderr=errors)
            window, peak = [], idle
            while load.poll() is None:
                now = time.monotonic() - begin
                if ramp + SETTLING <= now <= ramp + seconds:
                    window.append((time.monotonic(), server.cpu_seconds()))
                    peak = max(peak, server.memory())
                time.sleep(0.1)
        used = server.cpu_seconds() - before
        waits = server.waits() - waits
        # Without a turn, as in silence, it exits with 1.
        if load.returncode not in (0, 1) or not output.read_text().strip():
            fail(f"replay against {name} exits with {load.returncode}:\n{(folder / 'replay.log').read_text()[-2000:]}")
        if len(window) < 2:
            fail(f"a load of {seconds} s is too short: it has to go on for more than {SETTLING} s")
        report = json.loads(output.read_text().strip().splitlines()[-1])
        # In silence nobody is heard, which is what the caller finds wrong.
        errors = {kind: count for kind, count in report["errors"].items() if mode == "turns" or kind != "UNHEARD"}
        (first, at_first), (last, at_last) = window[0], window[-1]
        share = (at_last - at_first) / (last - first)
        frames, latency, answer = report["framesSent"], report.get("turnLatency", {}), report.get("answerAfterEnd", {})
        return {
            "contender": name, "calls": calls, "mode": mode, "frame_bytes": frame,
            "cpu_us_per_frame": used / frames * 1e6,
            "cpu_share": share, "calls_per_core": calls / share,
            "kb_per_call": (peak - idle) / calls / 1024,
            "turn_p50_ms": latency.get("p50", 0), "turn_p99_ms": latency.get("p99", 0),
            "answer_p50_ms": answer.get("p50", 0), "answer_p99_ms": answer.get("p99", 0),
            "frames_per_wake": frames / max(1, waits), "frames_per_turn": frames / max(1, report["turns"]),
            "late_frames": report["lateFrames"], "errors": errors, "frames": frames, "cpu_seconds": used,
            "rss_idle": idle, "rss_peak": peak,
        }
    finally:
        server.stop()


def idle_memory(binaries, folder, conversations=1000, together=50):
    """Bytes of memory that a conversation takes between two RPCs: callers go without a word after their greeting.

    So few are there at once that what live calls take hardly shows.
    """
    server = demo("patchbay", binaries["patchbay"], folder, conversations)
    try:
        time.sleep(1)
        marks = []
        for _ in range(conversations // together + 1):
            load = subprocess.Popen(
                pinned(True, [
                    binaries["caller"], "replay", SPEECH, "--target", server.target, "--calls", together,
                    "--token-file", token_of(server, folder), "--json"]),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1)
            os.kill(load.pid, signal.SIGKILL)
            load.wait()
            time.sleep(0.5)
            marks.append((server.metric("patchbay_conversations_live"), server.memory()))
        # The first have made what others use again.
        (count, memory), (end, most) = marks[0], marks[-1]
        if end - count < conversations / 2:
            fail(f"only {end:.0f} conversations are there, not {conversations}")
        return {"conversations": int(end), "bytes_per_idle_conversation": (most - memory) / (end - count)}
    finally:
        server.stop()
