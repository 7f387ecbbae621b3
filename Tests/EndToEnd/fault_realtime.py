"""Bots of the fault suite that speak the OpenAI Realtime events, well behaved and broken.

They know their call by what its caller gave along (`[Call]`), say the caller's words back byte for byte, and sign.
"""

import base64
import contextlib
import itertools
import json
import re
import socket
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from fault_signature import PIECE, SIGNATURE, signature


class Session:
    """One call: what its caller has said or keyed since the last response. `break_off`, for a bot that is broken, breaks a
    response after so many good ones."""

    def __init__(self, connection, break_off=None, good_ones=0):
        self.connection, self.break_off, self.good_ones = connection, break_off, good_ones
        self.conversation, self.heard, self.asked = "", b"", None
        self.names = itertools.count(1)

    def send(self, type, **members):
        self.connection.send(json.dumps({"type": type} | members))

    def take(self, event):
        match event["type"]:
            case "session.update":
                self.send("session.updated", session=event["session"])
            case "input_audio_buffer.append":
                self.heard += base64.b64decode(event["audio"])
            case "input_audio_buffer.clear":
                self.heard = b""
            case "input_audio_buffer.commit":
                self.asked, self.heard = ("words", self.heard), b""
                self.send("input_audio_buffer.committed", previous_item_id=None, item_id=self.name("item"))
            case "conversation.item.create":
                text = "".join(part.get("text", "") for part in event["item"].get("content", []))
                if call := re.fullmatch(r"\[Call\] (.*)", text):
                    self.conversation = json.loads(call[1])["additionalInfo"]["conversation"]
                else:
                    self.asked = (occasion(text), b"")
            case "response.create":
                self.respond()

    def name(self, kind):
        return f"{kind}_{next(self.names)}"

    def respond(self):
        (what, heard), self.asked = self.asked or ("greeting", b""), None
        response = self.name("resp")
        self.send("response.created", response={"id": response})
        if self.break_off and self.good_ones == 0:
            self.break_off(self, response)
            return
        self.good_ones -= 1
        self.say(response, heard + signature(self.conversation, what))
        self.send("response.done", response={"id": response, "status": "completed", "output": []})

    def say(self, response, data):
        for at in range(0, len(data), PIECE):
            self.send("response.output_audio.delta", response_id=response, item_id=f"item_of_{response}", content_index=0,
                      delta=base64.b64encode(data[at:at + PIECE]).decode())


def occasion(text):
    """What a text item tells of the caller."""
    if keys := re.fullmatch(r"\[The caller pressed ([0-9A-D*#]+)\]", text):
        return f"digits {keys[1]}"
    if event := re.fullmatch(r"\[Event\] (.*)", text):
        return f"event {json.loads(event[1])['event']}"
    return "no input"


def hangs(session, response):
    """Says nothing more."""


def garbage(session, response):
    session.connection.send("\x00 not JSON")


def closes(session, response):
    """In the middle of a word."""
    session.say(response, signature(session.conversation, "greeting")[:SIGNATURE // 2])
    session.connection.socket.shutdown(socket.SHUT_RDWR)


def breaks_off(session, response):
    session.connection.socket.shutdown(socket.SHUT_RDWR)


# For each, how it breaks, and after how many good responses.
FAULTS = {
    "good": (), "hang": (hangs,), "garbage": (garbage,), "close": (closes,),
    "hang-later": (hangs, 1), "garbage-later": (garbage, 1), "close-later": (breaks_off, 1),
}


class Server:
    """A server of such bots."""

    def __init__(self, fault):
        self.fault = fault
        self.server = serve(self._hold, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}/v1/realtime"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _hold(self, connection):
        session = Session(connection, *self.fault)
        with contextlib.suppress(ConnectionClosed, OSError):
            for text in connection:
                session.take(json.loads(text))
