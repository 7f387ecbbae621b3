"""An announcement that a bot hands over at once, or much faster than it is heard, is heard to its last sample: through
each engine, in both response modes.

The suite's announcements are beyond every bound that there is on the way; `LONG_ANSWER_SECONDS=90 Tests/EndToEnd/run
test_long_answers.py` has them as long as people read them out.
"""

import base64
import contextlib
import functools
import json
import os
import threading
import time

import numpy
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

import bots
import conftest
from caller import Caller
from conftest import TENANT_A, agent
from gateway import Gateway, run
from media_streams import MediaStreamsBot
from schemas import SESSION_START, Event
from speech import from_mulaw, from_wav, prompt

SECONDS = int(os.environ.get("LONG_ANSWER_SECONDS", 42))
RATE = 8000


@functools.cache
def announcement(seconds):
    """Mu-law in which no second is like another, so that a gap or a repetition shows."""
    return bytes(numpy.random.default_rng(seconds).integers(0, 127, seconds * RATE, dtype=numpy.uint8))


def as_wav(data):
    form = b"fmt " + (16).to_bytes(4, "little") + b"\7\0\1\0" + (8000).to_bytes(4, "little") * 2 + b"\1\0\10\0"
    body = b"WAVE" + form + b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def script(folder, seconds):
    """A dialogue whose welcome is the announcement."""
    (folder / "long.wav").write_bytes(as_wav(announcement(seconds)))
    (folder / "long.yaml").write_text("states: {welcome: {say: {play: long.wav}, speech: welcome}}\n")
    return {"kind": "scripted", "script": str(folder / "long.yaml")}


def speaker(seconds, speed=None, piece=1.0):
    """A `grpc` bot that says the announcement in pieces of so many seconds, so many times as fast as it is spoken."""
    def answer(call, event):
        if event.WhichOneof("event") == "started":
            for message in bots.audio(announcement(seconds), event.turn, seconds=piece):
                yield message
                if speed:
                    time.sleep(piece / speed)
            yield bots.end_turn(event.turn)
    return answer


def in_one_message(stream):
    payload = base64.b64encode(announcement(SECONDS)).decode()
    stream.send("media", media={"payload": payload})


def in_frames(stream):
    data = announcement(SECONDS)
    for at in range(0, len(data), 160):
        stream.send("media", media={"payload": base64.b64encode(data[at : at + 160]).decode()})


@contextlib.contextmanager
def realtime_server(seconds):
    """A Realtime server that has the whole announcement at hand, in deltas of 400 ms."""
    def hold(socket):
        with contextlib.suppress(ConnectionClosed):
            for text in socket:
                match json.loads(text)["type"]:
                    case "session.update":
                        socket.send(json.dumps({"type": "session.updated", "session": {}}))
                    case "response.create":
                        socket.send(json.dumps({"type": "response.created", "response": {"id": "r1"}}))
                        data = announcement(seconds)
                        for at in range(0, len(data), 3200):
                            socket.send(json.dumps({
                                "type": "response.output_audio.delta", "response_id": "r1", "item_id": "i1",
                                "content_index": 0, "delta": base64.b64encode(data[at : at + 3200]).decode()}))
                        socket.send(json.dumps(
                            {"type": "response.done", "response": {"id": "r1", "status": "completed", "output": []}}))

    server = serve(hold, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
    finally:
        server.shutdown()


def heard(interaction, mode):
    """The bytes of the answer's audio as they came."""
    parts = [p.audio_content for r in interaction.answers for p in r.message.prompts if p.audio_content]
    return b"".join(parts if mode == "chunk" else (part[part.index(b"data") + 8 :] for part in parts))


def dropped(gateway):
    return [line for line in gateway.get("/metrics")[1].splitlines()
            if line.startswith("patchbay_outputs_dropped_total") and not line.endswith(" 0")]


@pytest.mark.timeout(300)
def test_through_each_engine(tmp_path, own_gateway, issuer, token):
    """Handed over at once, or two, five and ten times as fast as it is heard, which `patchbay call` then saves; nothing is
    dropped and no turn ends before its end."""
    (tmp_path / "token").write_text(issuer.token(TENANT_A))
    (tmp_path / "token").chmod(0o600)
    own = script(tmp_path, SECONDS)
    with contextlib.ExitStack() as stack:
        grpc_bot = stack.enter_context(bots.Bot(speaker(SECONDS)))
        crumbs = stack.enter_context(bots.Bot(speaker(SECONDS, piece=0.02)))
        one, frames = MediaStreamsBot(in_one_message), MediaStreamsBot(in_frames)
        stack.callback(one.stop)
        stack.callback(frames.stop)
        realtime = stack.enter_context(realtime_server(SECONDS))
        behind = Gateway(tmp_path, conftest.configuration(issuer, agents=[
            agent("wav", "wav", own, default=True), agent("chunk", "chunk", own)]))
        stack.callback(behind.stop)

        def upstream(name):
            return {"kind": "byova", "url": f"http://{behind.address}", "agent": name,
                    "authorization_file": str(tmp_path / "token")}

        # Patience with a machine on which others work too: it is the sound that is looked at here.
        slow = {"timeouts": {"first_answer": "20s"}}
        agents = {
            "grpc-chunk": grpc_bot.engine | slow, "grpc-wav": grpc_bot.engine | slow,
            "crumbs-chunk": crumbs.engine | slow, "crumbs-wav": crumbs.engine | slow,
            "one-message-chunk": {"kind": "media-streams", "url": one.url} | slow,
            "one-message-wav": {"kind": "media-streams", "url": one.url} | slow,
            "frames-chunk": {"kind": "media-streams", "url": frames.url} | slow,
            "realtime-chunk": {"kind": "realtime", "url": realtime, "greeting": "Hello."} | slow,
            "realtime-wav": {"kind": "realtime", "url": realtime, "greeting": "Hello."} | slow,
            "of-chunk-chunk": upstream("chunk") | slow, "of-wav-chunk": upstream("wav") | slow,
            "of-wav-wav": upstream("wav") | slow,
            "scripted-chunk": own, "scripted-wav": own,
        }
        speeds = {f"times-{n}": stack.enter_context(bots.Bot(speaker(SECONDS, n, piece=0.2))) for n in (2, 5, 10)}
        gateway = own_gateway(agents=[
            agent(name, name.rsplit("-", 1)[1], engine) for name, engine in agents.items()
        ] + [agent(name, "chunk", bot.engine | slow) for name, bot in speeds.items()])
        channel = stack.enter_context(gateway.channel())
        results = {}

        def call(name):
            mode = name.rsplit("-", 1)[1]
            caller = Caller(channel, token, TENANT_A["org"], name, mode=mode)
            answer = caller.event(SESSION_START, deadline=SECONDS + 120)
            answer.done.wait(SECONDS + 60)
            results[name] = (answer.code, answer.event, heard(answer, mode))

        def place(name):
            called = run(
                "call", "--target", gateway.address, "--org", TENANT_A["org"], "--token-file", tmp_path / "token",
                "--agent", name, "--heard", tmp_path / f"{name}.wav", seconds=SECONDS + 60)
            line = from_wav((tmp_path / f"{name}.wav").read_bytes()).samples
            begin, spoken = numpy.flatnonzero(line)[0], from_mulaw(announcement(SECONDS)).samples
            is_whole = numpy.array_equal(line[begin : begin + len(spoken)], spoken)
            results[name] = (called.returncode, None, announcement(SECONDS) if is_whole else line[begin:].tobytes())

        threads = [threading.Thread(target=call, args=[name]) for name in agents]
        threads += [threading.Thread(target=place, args=[name]) for name in speeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lost = {}
        for name, (code, event, data) in results.items():
            if event is not None or data != announcement(SECONDS):
                lost[name] = f"{code}, {event}, {len(data) / RATE:.2f} s, right {data == announcement(SECONDS)[:len(data)]}"
        assert set(results) == set(agents) | set(speeds) and lost == {}
        assert dropped(gateway) == []


@pytest.mark.parametrize("mode", ["chunk", "wav"])
@pytest.mark.parametrize("kind", ["media-streams", "grpc"])
def test_a_bot_that_leaves_after_its_words(own_gateway, token, kind, mode):
    """What was handed over before a close in good order is heard, then the fallback, then comes a person."""
    words = announcement(3)

    def say_and_close(stream):
        stream.send("media", media={"payload": base64.b64encode(words).decode()})
        stream.close(1000)

    class Leaver(bots.Bot):
        def converse(self, requests, context):
            for message in requests:
                if message.WhichOneof("event") == "started":
                    yield from bots.audio(words, message.turn)
                    return

    with contextlib.ExitStack() as stack:
        if kind == "grpc":
            engine = stack.enter_context(Leaver(None)).engine
        else:
            bot = MediaStreamsBot(say_and_close)
            stack.callback(bot.stop)
            engine = {"kind": "media-streams", "url": bot.url}
        gateway = own_gateway(agents=[agent("bot", mode, engine)])
        caller = Caller(stack.enter_context(gateway.channel()), token, TENANT_A["org"], "bot", mode=mode)
        # Without the rules of announcements: nobody knew of its leave while its first words were sent.
        answer = caller.event(SESSION_START).wait(20)
        said = heard(answer, mode)
        if mode == "wav":
            said = answer.answers[0].message.prompts[0].audio_content[58:]
        assert said[: len(words)] == words
        seconds = answer.audio.seconds
        if answer.event is None:  # its silence had ended its turn before it was known to be gone: the next line tells
            time.sleep(1.5)
            answer = caller.no_input()
            seconds += answer.audio.seconds
        assert answer.event.event_type == Event.TRANSFER_TO_AGENT
        assert seconds > 3 + prompt("sorry-transfer").seconds - 0.2


@pytest.mark.timeout(120)
def test_an_answer_that_is_too_long_for_wav(own_gateway, token):
    """Over 250 s in one WAV answer: the bot's author is told, in words, and the caller is not cut off."""
    with bots.Bot(speaker(260)) as bot:
        gateway = own_gateway(agents=[agent("bot", "wav", bot.engine | {"timeouts": {"first_answer": "20s"}})])
        with gateway.channel() as channel:
            answer = Caller(channel, token, TENANT_A["org"], "bot", mode="wav").start()
    assert answer.event.event_type == Event.TRANSFER_TO_AGENT
    assert answer.audio.seconds > 2, "the caller hears the fallback"
    assert "its answer is longer than a WAV response may be" in gateway.log
    assert 'patchbay_bot_failures_total{agent="bot",kind="flooded"} 1' in gateway.get("/metrics")[1]
