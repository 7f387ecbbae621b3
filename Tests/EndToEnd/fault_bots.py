"""Bots of the fault suite, in a process of their own: well behaved, and broken in all the ways of `bots.py` and a few more.

    fault_bots.py [PORT]        a bot at this port alone: the one that is killed

Everything that they say belongs to one call, since it is made from the conversation's id: a caller knows it byte for byte, and
a listener knows whose it is. They say the caller's words back as they heard them, with a signature after them.
"""

import base64
import contextlib
import functools
import json
import socket
import subprocess
import sys
import time
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import bots
    import fault_realtime
    from fault_signature import PIECE, SIGNATURE, signature
    from media_streams import MediaStreamsBot

PREROLL = 2500  # ms of media before the news of speech, which comes some time after its start; later on a busy machine


# Bots behind gRPC


def answer(call, event, pieces=bots.audio):
    """The whole answer to an event."""
    conversation, turn = call.hello.call.conversation, event.turn
    say = functools.partial(pieces, turn=turn, seconds=PIECE / 8000)
    match event.WhichOneof("event"):
        case "started":
            yield from say(signature(conversation, "greeting"))
        case "speech_ended":
            since = call.events[bots.last(call, "speech_started"):]
            heard = b"".join(e.audio.samples for kind, e in since if kind == "audio")
            yield from say(heard + signature(conversation, "words"))
        case "digits":
            yield from say(signature(conversation, f"digits {event.digits.digits}"))
        case "no_input":
            yield from say(signature(conversation, "no input"))
        case "custom":
            yield from say(signature(conversation, f"event {event.custom.name}"))
        case _:
            return
    yield bots.end_turn(turn)


def dies_in_a_word(call, event):
    """Says half of what it has to say, and breaks off."""
    if event.WhichOneof("event") == "started":
        yield from bots.audio(signature(call.hello.call.conversation, "greeting")[:SIGNATURE // 2], event.turn)
        raise RuntimeError("broken, as it is meant to be")


def first_turn_only(then):
    """Greets its caller, and then …"""
    def behave(call, event):
        kind = event.WhichOneof("event")
        if kind == "started":
            yield from answer(call, event)
        elif kind in ("speech_ended", "digits", "no_input", "custom"):
            yield from then(call, event)
    return behave


def breaks_off(call, event):
    yield from ()
    raise RuntimeError("broken, as it is meant to be")


GRPC = {
    "good": answer, "hang": bots.hang, "drip": bots.drip, "garbage": bots.garbage, "close": dies_in_a_word,
    "hang-later": first_turn_only(bots.hang), "garbage-later": first_turn_only(bots.garbage),
    "close-later": first_turn_only(breaks_off),
}

# Bots behind a WebSocket


def media(stream, data):
    for at in range(0, len(data), PIECE):
        stream.send("media", media={"payload": base64.b64encode(data[at:at + PIECE]).decode()})


def on_socket(stream, first_only=False, then=None):
    """The same answers, by Patchbay's own messages for the caller's turns."""
    conversation = stream.wait("start")["start"]["customParameters"]["conversation"]
    stream.send("subscribe", subscribe=["speech", "digits", "noInput", "custom"])
    media(stream, signature(conversation, "greeting"))
    stream.send("endTurn")
    at = began = 0
    while not stream.closed.is_set():
        if at == len(stream.messages):
            time.sleep(0.01)
            continue
        _, message = stream.messages[at]
        at += 1
        match message["event"]:
            case "speech" if message["speech"]["state"] == "started":
                began = max(0, at - PREROLL // 20)
                continue
            case "speech":
                heard = b"".join(base64.b64decode(m["media"]["payload"])
                                 for _, m in stream.messages[began:at] if m["event"] == "media")
                said = heard + signature(conversation, "words")
            case "digits":
                said = signature(conversation, f"digits {message['digits']['digits']}")
            case "noInput":
                said = signature(conversation, "no input")
            case "custom":
                said = signature(conversation, f"event {message['custom']['name']}")
            case _:
                continue
        if then:
            then(stream)
            return
        media(stream, said)
        stream.send("endTurn")


def socket_hangs(stream):
    stream.wait("start")


def socket_garbage(stream):
    stream.connection.send("\x00 not JSON")


def socket_closes(stream):
    conversation = stream.wait("start")["start"]["customParameters"]["conversation"]
    media(stream, signature(conversation, "greeting")[:SIGNATURE // 2])
    cut(stream)


def cut(stream):
    stream.connection.socket.shutdown(socket.SHUT_RDWR)


SOCKET = {
    "good": on_socket, "hang": socket_hangs, "garbage": socket_garbage, "close": socket_closes,
    "hang-later": functools.partial(on_socket, then=socket_hangs),
    "garbage-later": functools.partial(on_socket, then=socket_garbage),
    "close-later": functools.partial(on_socket, then=cut),
}


class Process:
    """This program, and where its bots are."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.urls = json.loads(self.process.stdout.readline())

    def kill(self):
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def all_bots():
    """The engine's section of each bot: `grpc-good`, `media-streams-close`, …"""
    process = Process()
    try:
        with bots.mute() as mute:
            nobody = bots.closed_port()
            urls = process.urls
            for kind, scheme in (("grpc", "http"), ("media-streams", "ws"), ("realtime", "ws")):
                urls |= {f"{kind}-mute": f"{scheme}://127.0.0.1:{mute}", f"{kind}-refuse": f"{scheme}://127.0.0.1:{nobody}"}
            yield urls
    finally:
        process.kill()


def main(port=None):
    if port:
        mortal = bots.Bot(answer, workers=256, port=int(port))
        print(json.dumps({"mortal": f"http://127.0.0.1:{mortal.port}"}), flush=True)
    else:
        servers = {f"grpc-{name}": bots.Bot(behave, workers=256) for name, behave in GRPC.items()}
        sockets = {f"media-streams-{name}": MediaStreamsBot(behave) for name, behave in SOCKET.items()}
        sockets |= {f"realtime-{name}": fault_realtime.Server(fault) for name, fault in fault_realtime.FAULTS.items()}
        urls = {name: server.engine["url"] for name, server in servers.items()}
        print(json.dumps(urls | {name: bot.url for name, bot in sockets.items()}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
