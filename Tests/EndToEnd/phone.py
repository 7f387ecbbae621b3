"""The admin port's phone, used as its page uses it (PyPI websockets): a ticket, a socket, mu-law both ways."""

import json
import threading
import time

import numpy
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from speech import FRAME, RATE, from_mulaw

PATIENCE = 20
AGENT, CALLER = 1, 2


def ticket(gateway, **more):
    """Status and text of a request for a ticket."""
    return gateway.ask("POST", "/phone/ticket", **more)


def socket_address(gateway, ticket):
    return f"ws://{gateway.admin}/phone/socket?ticket={ticket}"


class Phone:
    """One call."""

    def __init__(self, gateway, organization="", agent="", token=None, headers=None, wire=None):
        status, text = ticket(gateway, headers=headers or {})
        assert status == 200, text
        self.messages = []
        self.heard = {AGENT: numpy.zeros(0, dtype=numpy.int16), CALLER: numpy.zeros(0, dtype=numpy.int16)}
        self.closed = None
        self._changed = threading.Condition()
        self._connection = connect(socket_address(gateway, text.strip()), max_size=None)
        self.socket = self._connection.__enter__()
        self.send(type="call", wire=wire, organization=organization, agent=agent, token=token)
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.__exit__(None, None, None)

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def _read(self):
        try:
            for message in self.socket:
                with self._changed:
                    if isinstance(message, str):
                        self.messages.append(json.loads(message))
                    else:
                        self._keep(message[0], int.from_bytes(message[1:5], "big"), from_mulaw(message[5:]).samples)
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        with self._changed:
            self.closed = self.socket.close_code
            self._changed.notify_all()

    def _keep(self, side, place, samples):
        track = self.heard[side]
        if len(track) < place + len(samples):
            track = numpy.concatenate([track, numpy.zeros(place + len(samples) - len(track), dtype=numpy.int16)])
            self.heard[side] = track
        track[place:place + len(samples)] = samples

    def until(self, found, what):
        with self._changed:
            if not self._changed.wait_for(lambda: found() is not None, PATIENCE):
                raise AssertionError(f"not within {PATIENCE} s: {what}; {self.messages[-5:]}")
            return found()

    def message(self, type, after=0, **fields):
        """The first message of a type with these fields from a place on."""
        def found():
            for one in self.messages[after:]:
                if one["type"] == type and all(one.get(name) == value for name, value in fields.items()):
                    return one
            return None
        return self.until(found, (type, fields))

    def event(self, kind, after=0):
        return self.message("event", after, kind=kind)

    def mark(self):
        with self._changed:
            return len(self.messages)

    def turns(self):
        with self._changed:
            return {one["index"]: one["turn"] for one in self.messages if one["type"] == "turn"}

    def speak(self, speech):
        """At the microphone, 20 ms at a time, then a second of silence."""
        audio = speech.encoded("mulaw") + b"\xff" * RATE
        began = time.monotonic()
        for number, start in enumerate(range(0, len(audio) - FRAME + 1, FRAME)):
            time.sleep(max(0, began + number * FRAME / RATE - time.monotonic()))
            self.socket.send(b"\x01" + audio[start:start + FRAME])

    def say(self, speech, name="clip.wav"):
        """As a file that was picked."""
        audio = speech.encoded("mulaw")
        self.send(type="clip", name=name, bytes=len(audio))
        for start in range(0, len(audio), 32_000):
            self.socket.send(b"\x02" + audio[start:start + 32_000])
