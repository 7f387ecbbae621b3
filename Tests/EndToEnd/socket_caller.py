"""A caller over WebSocket, as Webex makes one: one socket, audio all the time, JSON in text frames (PyPI websockets)."""

import base64
import datetime
import json
import threading
import time
import uuid

import websockets.exceptions
from websockets.sync.client import connect

from speech import from_mulaw, silence

SOCKET_SCHEMA = "a38a10b7-43e4-4676-a076-a7d6dce9387d"
CHUNK_SECONDS = 0.1
PATIENCE = 20
KEYS = dict(zip("1234567890ABCD*#", [
    "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "ZERO", "A", "B", "C", "D", "STAR", "POUND"]))
FIELDS = {"response_type", "prompts", "output_events", "input_mode", "input_handling_config", "input_sensitive",
          "session_transcript", "session_summary"}


def headers(token):
    return {} if token is None else {"Authorization": token if " " in token else f"Bearer {token}"}


class SocketCaller:
    """One conversation."""

    def __init__(self, address, token, org, agent="", conversation=None, **more):
        self.conversation, self.org, self.agent = conversation or f"ws-{uuid.uuid4()}", org, agent
        self.sequence = 0
        self.messages = []
        self.sent_audio = 0
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._speech = b""
        self._streaming = threading.Event()
        scheme = "wss" if "ssl" in more else "ws"
        self._connection = connect(f"{scheme}://{address}/v1/va", additional_headers=headers(token), **more)
        self.socket = self._connection.__enter__()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._stream, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._streaming.clear()
        self._connection.__exit__(None, None, None)

    # Sending

    def envelope(self, kind, **more):
        self.sequence += 1
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"type": kind, "seq": self.sequence, "ts": now, "conversation_id": self.conversation} | more

    def raw(self, text):
        self.socket.send(text)

    def request(self, input, **more):
        with self._sending:
            payload = {"conversation_id": self.conversation, "customer_org_id": self.org,
                       "virtual_agent_id": self.agent, "additional_info": [], "voice_va_input_type": input}
            self.raw(json.dumps(self.envelope("VOICE_VA_REQUEST", metadata=[], payload=payload | more)))

    def event(self, kind, name="", parameters=None):
        self.request({"event_input": {"event_type": kind, "name": name, "parameters": parameters}})

    def start(self):
        self.event("SESSION_START", parameters=[{"key": "lang", "value": "en-US"}])
        return self.answer()

    def press(self, keys):
        mark = self.mark()
        self.event("START_OF_DTMF")
        self.request({"dtmf_input": {"dtmf_events": [f"DTMF_DIGIT_{KEYS[key]}" for key in keys]}})
        return self.answer(mark)

    def audio(self, data, **more):
        self.request({"audio_input": {"caller_audio_b64": base64.b64encode(data).decode(), "encoding": "MULAW_FORMAT",
                                      "sample_rate_hertz": 8000, "is_single_utterance": None} | more})

    def listen(self):
        """Streams audio in real time from here on: silence, and what is said."""
        self._streaming.set()

    def say(self, speech):
        with self._changed:
            self._speech += speech.encoded("mulaw", 8000)

    def _stream(self):
        size = int(8000 * CHUNK_SECONDS)
        self._streaming.wait()
        due = time.monotonic()
        while self._streaming.is_set():
            with self._changed:
                piece, self._speech = self._speech[:size], self._speech[size:]
            try:
                self.audio(piece + b"\xff" * (size - len(piece)))
            except (websockets.exceptions.ConnectionClosed, OSError):
                return
            self.sent_audio += size
            due += CHUNK_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))

    # Receiving

    def _read(self):
        try:
            for text in self.socket:
                with self._changed:
                    self.messages.append(json.loads(text))
                    self._changed.notify_all()
        except websockets.exceptions.ConnectionClosed:
            pass
        with self._changed:
            self.messages.append(None)
            self._changed.notify_all()

    def mark(self):
        with self._changed:
            return len(self.messages)

    def wait(self, condition, what, since=0, seconds=PATIENCE):
        """The messages from `since` on up to the first that fulfils the condition."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for index, message in enumerate(self.messages[since:], since):
                    if message is not None and condition(message):
                        return self.messages[since:index + 1]
                left = deadline - time.monotonic()
                assert left > 0 and None not in self.messages, f"no {what} in {self.messages[since:]}"
                self._changed.wait(left)

    def wait_event(self, kind, since=0):
        return self.wait(lambda m: event_of(m) == kind, kind, since)

    def answer(self, since=0):
        """An answer: CHUNKs and the FINAL that ends it. Checks what every answer has to keep."""
        messages = self.wait(
            lambda m: m["type"] == "VOICE_VA_RESPONSE" and m["payload"]["response_type"] == "FINAL"
            and event_of(m) != "START_OF_INPUT", "answer", since)
        check(messages, self.conversation)
        return Answer([m for m in messages if m["type"] == "VOICE_VA_RESPONSE"])

    def closed(self, seconds=PATIENCE):
        """The code that the server closes with."""
        self._reader.join(seconds)
        assert not self._reader.is_alive(), f"the socket is open: {self.messages}"
        return self.socket.protocol.close_rcvd.code if self.socket.protocol.close_rcvd else None

    @property
    def error(self):
        errors = [m for m in self.messages if m and m["type"] == "ERROR"]
        assert len(errors) <= 1
        return (errors[0]["code"], errors[0]["status"]) if errors else None


def event_of(message):
    events = message.get("payload", {}).get("output_events", [])
    return events[0]["event_type"] if events else None


def check(messages, conversation):
    """What every message keeps: its envelope, its fields, the sizes of its audio."""
    numbers = [m["seq"] for m in messages if m["type"] == "VOICE_VA_RESPONSE"]
    assert numbers == sorted(set(numbers)), "numbers rise"
    for message in messages:
        assert message["conversation_id"] == conversation and message["ts"].endswith("Z")
        if message["type"] != "VOICE_VA_RESPONSE":
            continue
        assert set(message) == {"type", "seq", "ts", "conversation_id", "payload"}
        payload = message["payload"]
        assert set(payload) <= FIELDS, f"unknown fields: {set(payload) - FIELDS}"
        assert "no_input_timeout_msec" not in json.dumps(payload)
        for prompt in payload.get("prompts", []):
            assert set(prompt) <= {"text", "audio_content_b64", "is_barge_in_enabled"}
            audio = prompt.get("audio_content_b64")
            if payload["response_type"] == "CHUNK" and audio is not None:
                assert 320 <= len(base64.b64decode(audio, validate=True)) <= 32_000
            if payload["response_type"] == "FINAL" and audio is not None:
                assert audio == "", "FINAL has no audio of its own"


class Answer:
    def __init__(self, messages):
        self.messages = messages
        self.final = messages[-1]["payload"]
        self.event = event_of(messages[-1])
        self.events = [event_of(m) for m in messages if event_of(m)]
        self.audio = silence(0)
        for message in messages:
            for prompt in message["payload"].get("prompts", []):
                if data := base64.b64decode(prompt.get("audio_content_b64", "")):
                    self.audio += from_mulaw(data)
