"""Bots that are elsewhere, as their authors write them: on grpcio and `Protos/bot.proto`, well behaved or not."""

import concurrent.futures
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time

import grpc

from schemas import Schema, PROTOS
from speech import prompt

CONVERSE = "/patchbay.bot.v1.Bot/Converse"
bot = Schema(PROTOS / "bot.proto")
MULAW, LINEAR16 = 2, 1


def audio(speech, turn=0, encoding="mulaw", rate=8000, seconds=1, **more):
    """Speech as messages of so many seconds each."""
    data = speech if isinstance(speech, bytes) else speech.encoded(encoding, rate)
    size = int(seconds * rate) * (2 if encoding == "linear16" else 1)
    form = {"encoding": MULAW if encoding == "mulaw" else LINEAR16, "sample_rate": rate}
    for at in range(0, len(data), size):
        yield bot.BotMessage(turn=turn, audio={"samples": data[at : at + size], "format": form} | more)


def end_turn(turn=0, **settings):
    return bot.BotMessage(turn=turn, end_turn={"settings": settings} if settings else {})


class Call:
    """One call as the bot sees it: what came, in order, and the metadata."""

    def __init__(self, context):
        self.metadata = dict(context.invocation_metadata())
        self.events = []
        self.hello = None
        self.ended = threading.Event()
        self.is_open = context.is_active

    @property
    def kinds(self):
        return [kind for kind, _ in self.events if kind != "audio"]

    def heard(self, turn):
        """The caller's audio of a turn."""
        return b"".join(event.audio.samples for kind, event in self.events if kind == "audio" and event.turn == turn)

    def of(self, kind):
        return [getattr(event, kind) for found, event in self.events if found == kind]


class Bot:
    """A server of `patchbay.bot.v1.Bot`. `answer(call, event)` gives messages, or bytes as they are, for an event."""

    def __init__(self, answer, credentials=None, workers=64, port=0):
        self.calls = []
        self.answer = answer
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(workers))
        handler = grpc.stream_stream_rpc_method_handler(
            self.converse, bot.ServerMessage.FromString,
            lambda m: m if isinstance(m, bytes) else m.SerializeToString())
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("patchbay.bot.v1.Bot", {"Converse": handler})])
        if credentials:
            self.port = self.server.add_secure_port(f"127.0.0.1:{port}", credentials)
        else:
            self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    def converse(self, requests, context):
        call = Call(context)
        self.calls.append(call)
        for message in requests:
            kind = message.WhichOneof("event")
            if kind == "hello":
                call.hello = message.hello
                continue
            call.events.append((kind, message))
            if kind == "ended":
                call.ended.set()
            yield from self.answer(call, message) or ()

    @property
    def engine(self):
        return {"kind": "grpc", "url": f"http://127.0.0.1:{self.port}"}

    def stop(self):
        self.server.stop(0).wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def echo(call, event):
    """Greets, says the caller's words back, reads digits as text; 0 transfers, 9 ends."""
    turn = event.turn
    match event.WhichOneof("event"):
        case "started":
            yield from audio(prompt("greeting"), turn)
            yield bot.BotMessage(turn=turn, mark={"name": "greeted"})
            yield end_turn(turn, no_input_timeout=7000)
        case "speech_ended":
            said = b"".join(
                e.audio.samples for kind, e in call.events[last(call, "speech_started") :] if kind == "audio")
            form = {"encoding": LINEAR16, "sample_rate": 8000}
            for at in range(0, len(said), 16000):
                yield bot.BotMessage(turn=turn, audio={"samples": said[at : at + 16000], "format": form})
            yield end_turn(turn)
        case "digits" if event.digits.digits == "0":
            transfer = bot.BotMessage(turn=turn, transfer={"summary": "wants a person"})
            transfer.transfer.metadata.update({"queue": "gold", "visits": 3})
            yield bot.BotMessage(turn=turn, transcript={"speaker": 1, "text": "zero"})
            yield from audio(prompt("good-bye"), turn, uninterruptible=True)
            yield transfer
        case "digits" if event.digits.digits == "9":
            yield bot.BotMessage(turn=turn, end={})
        case "digits":
            yield bot.BotMessage(turn=turn, sensitive={"sensitive": True})
            yield bot.BotMessage(turn=turn, text={"text": f"{len(event.digits.digits)} digits"})
            yield end_turn(turn, mode=3, digit_count=4, terminator="*", inter_digit_timeout=2500)
        case "no_input":
            yield bot.BotMessage(turn=turn, text={"text": "Still there?"})
            yield end_turn(turn)
        case "custom":
            answer = bot.BotMessage(turn=turn, custom={"name": event.custom.name})
            answer.custom.parameters.update({"seen": dict(event.custom.parameters)})
            yield answer
            yield end_turn(turn)


def last(call, kind):
    return max((i for i, (found, _) in enumerate(call.events) if found == kind), default=0)


# What a bot may do wrong: answers that are no answers.


def hang(call, event):
    """Takes the call and never says a word."""
    return ()


def drip(call, event):
    """One byte of audio a second."""
    if event.WhichOneof("event") == "started":
        for _ in range(600):
            yield from audio(b"\x55", event.turn)
            time.sleep(1)


def flood(call, event, size=60_000, total=1 << 30):
    """A gigabyte of audio as fast as it is taken."""
    if event.WhichOneof("event") == "started":
        message = next(audio(b"\x55" * size, event.turn, seconds=60)).SerializeToString()
        for _ in range(total // size):
            call.flooded = getattr(call, "flooded", 0) + size
            yield message


def garbage(call, event):
    """Bytes that are no message."""
    yield b"\xff\xff\xff\xff\xff"


def close_mid_word(call, event):
    """Says half a greeting and is gone."""
    if event.WhichOneof("event") == "started":
        yield from audio(prompt("greeting").encoded("mulaw")[:4000], event.turn)
        raise RuntimeError("the bot is broken, as it is meant to be")


@contextlib.contextmanager
def mute():
    """Something that takes connections and never says a word on them."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield listener.getsockname()[1]


def closed_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


FAULTS = {"hang": hang, "drip": drip, "flood": flood, "garbage": garbage, "close": close_mid_word}


@contextlib.contextmanager
def broken_bots(workers=64):
    """A bot for each fault, in a process of their own, and the ports they are at; with those of nobody and of a mute."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(workers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        with mute() as port:
            yield json.loads(process.stdout.readline()) | {"refuse": closed_port(), "mute": port}
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    servers = {name: Bot(answer, workers=int(sys.argv[1])) for name, answer in FAULTS.items()}
    print(json.dumps({name: server.port for name, server in servers.items()}), flush=True)
    sys.stdin.read()
