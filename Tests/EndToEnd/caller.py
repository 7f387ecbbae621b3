"""A caller as Webex Contact Center makes one: a new RPC for every interaction, audio in real time, and every rule of
the platform's side checked on what comes back."""

import itertools
import queue
import threading
import time
import uuid

import grpc

import rules
from schemas import (
    ALAW, CUSTOM_EVENT, KEYS, LINEAR16, MULAW, NO_INPUT, PROCESS_CALLER_INPUT, SESSION_END, SESSION_START,
    START_OF_DTMF, Event, voice,
)
from speech import RATE, from_mulaw, from_wav, silence

ENCODINGS = {"mulaw": MULAW, "alaw": ALAW, "linear16": LINEAR16}
QUIET = {"mulaw": b"\xff", "alaw": b"\xd5", "linear16": b"\x00"}
PATIENCE = 20  # seconds without an answer after which a test has failed


def as_is(data):
    return data


class Reply:
    """One `VoiceVAResponse`, with its bytes and the time it came."""

    def __init__(self, raw):
        self.time = time.monotonic()
        self.raw = raw
        self.message = voice.VoiceVAResponse.FromString(raw)

    @property
    def kind(self):
        return self.message.response_type

    @property
    def event(self):
        """The type of the first output event, the only one that the platform reads."""
        return self.message.output_events[0].event_type if self.message.output_events else None

    def __repr__(self):
        sizes = [len(p.audio_content) or p.text for p in self.message.prompts]
        return f"<{('FINAL', 'PARTIAL', 'CHUNK')[self.kind]} event={self.event} prompts={sizes}>"


class Interaction:
    """One `ProcessCallerInput` RPC."""

    HALF_CLOSE = object()

    def __init__(self, caller, deadline=60, closes_on_end_of_input=True):
        self.caller = caller
        self.closes_on_end_of_input = closes_on_end_of_input
        self.replies = []
        self.done = threading.Event()
        self.ended = None
        self._changed = threading.Condition()
        self._outbox = queue.SimpleQueue()
        self._half_closed = threading.Event()
        self.began, self.half_closed, self.cancelled = time.monotonic(), None, False
        method = caller.channel.stream_stream(PROCESS_CALLER_INPUT, as_is, as_is)
        self.call = method(self._requests(), metadata=caller.metadata(), timeout=deadline)
        threading.Thread(target=self._read, daemon=True).start()

    # The caller's side

    def _requests(self):
        """What is sent, as gRPC asks for it; when it has asked for the last, the half-close leaves."""
        yield from iter(self._outbox.get, self.HALF_CLOSE)
        self.half_closed = time.monotonic()

    def send(self, message):
        """Sends a message, or bytes as they are."""
        if not self._half_closed.is_set():
            self._outbox.put(message if isinstance(message, bytes) else message.SerializeToString())
        return self

    def half_close(self):
        if not self._half_closed.is_set():
            self._half_closed.set()
            self._outbox.put(self.HALF_CLOSE)
        return self

    def cancel(self):
        self.cancelled = True
        self._half_closed.set()
        self.call.cancel()
        self.done.wait(PATIENCE)

    # The server's side

    def _read(self):
        try:
            for raw in self.call:
                reply = Reply(raw)
                if reply.event == Event.END_OF_INPUT and self.closes_on_end_of_input:
                    self.half_close()
                with self._changed:
                    self.replies.append(reply)
                    self._changed.notify_all()
        except grpc.RpcError:
            pass
        self.ended = time.monotonic()
        with self._changed:
            self.done.set()
            self._changed.notify_all()
        self._half_closed.set()
        self._outbox.put(self.HALF_CLOSE)

    def wait(self, seconds=PATIENCE):
        """Waits for the RPC to complete; its status must be OK."""
        assert self.done.wait(seconds), f"the RPC was not completed within {seconds} s after {self.replies}"
        assert self.code is grpc.StatusCode.OK, f"{self.code}: {self.call.details()} after {self.replies}"
        return self

    def wait_for(self, condition, what, seconds=PATIENCE):
        """Waits for the first reply that meets a condition."""
        with self._changed:
            self._changed.wait_for(lambda: any(map(condition, self.replies)) or self.done.is_set(), seconds)
            found = next(filter(condition, self.replies), None)
        state = f"ended with {self.code}" if self.done.is_set() else f"is still open after {seconds} s"
        assert found, f"no {what}: the RPC {state}, after {self.replies}"
        return found

    def wait_event(self, event, seconds=PATIENCE):
        return self.wait_for(lambda r: r.event == event, f"output event {event}", seconds)

    @property
    def code(self):
        return self.call.code() if self.done.is_set() else None

    def times(self, event):
        return [r.time for r in self.replies if r.event == event]

    @property
    def answers(self):
        """The replies that are the bot's answer rather than the bounds of the caller's turn."""
        return [r for r in self.replies if r.event not in (Event.START_OF_INPUT, Event.END_OF_INPUT)]

    @property
    def final(self):
        """The message that completes the answer."""
        finals = [r for r in self.answers if r.kind == 0]
        assert len(finals) == 1, f"one FINAL answer expected: {self.replies}"
        return finals[0].message

    @property
    def event(self):
        """The first output event of the answer."""
        return self.final.output_events[0] if self.final.output_events else None

    @property
    def audio(self):
        """What the caller hears of this answer."""
        heard = silence(0)
        for reply in self.answers:
            for prompt in reply.message.prompts:
                if prompt.audio_content:
                    decode = from_wav if self.caller.mode == "wav" else from_mulaw
                    heard += decode(prompt.audio_content)
        return heard

    @property
    def text(self):
        return " ".join(p.text for r in self.answers for p in r.message.prompts if p.text)


class Utterance:
    """Speech on its way into the line: when its first and its last frame were sent."""

    def __init__(self, data):
        self.data = data
        self.started = self.ended = None
        self.sent = threading.Event()


class AudioLine(Interaction):
    """An audio RPC: streams silence in real time, and speech where something is said."""

    def __init__(self, caller, encoding="mulaw", rate=RATE, frames=None, states="always", before=(), **more):
        super().__init__(caller, **more)
        self.encoding, self.rate, self.states = encoding, rate, states
        width = 2 if encoding == "linear16" else 1
        self.bytes_per_second = rate * width
        self.frames = iter(frames) if frames else itertools.repeat(self.bytes_per_second // 50)
        self.quiet = QUIET[encoding]
        self.utterances = []
        self._lock = threading.Lock()
        self._first = True
        self.frames_sent = self._position = 0
        for junk in before:
            self._send_audio(junk)
        if states == "alone":  # the first message says what comes, and has no audio
            self.send(caller.request(audio_input={"encoding": ENCODINGS[encoding], "sample_rate_hertz": rate}))
            self._first = False
        self._pacer = threading.Thread(target=self._stream, daemon=True)
        self._pacer.start()

    def say(self, speech):
        """Speaks, as soon as what was said before is out."""
        utterance = Utterance(speech.encoded(self.encoding, self.rate))
        with self._lock:
            self.utterances.append(utterance)
        return utterance

    def _send_audio(self, data):
        audio = {"caller_audio": data}
        if self.states == "always" or (self.states == "first" and self._first):
            audio |= {"encoding": ENCODINGS[self.encoding], "sample_rate_hertz": self.rate}
        self._first = False
        self.send(self.caller.request(audio_input=audio))

    def _take(self, size):
        """The next bytes: speech where there is some, silence after it. Marks when utterances begin and end."""
        out = b""
        now = time.monotonic()
        with self._lock:
            while self.utterances and len(out) < size:
                utterance = self.utterances[0]
                if not utterance.started:
                    utterance.started = now
                    if self.encoding == "linear16" and (self._position + len(out)) % 2:
                        utterance.data = self.quiet + utterance.data  # speech begins with a whole sample
                room = size - len(out)
                out, utterance.data = out + utterance.data[:room], utterance.data[room:]
                if not utterance.data:
                    utterance.ended = now
                    utterance.sent.set()
                    self.utterances.pop(0)
        self._position += size
        return out + self.quiet * (size - len(out))

    def _stream(self):
        due = time.monotonic()
        while not self._half_closed.is_set():
            size = next(self.frames, self.bytes_per_second // 50)
            self._send_audio(self._take(size))
            self.frames_sent += 1
            due += size / self.bytes_per_second
            time.sleep(max(0.0, due - time.monotonic()))


class Caller:
    """One conversation. Its RPCs are opened as the real platform opens them (Wire 2 to 7)."""

    def __init__(self, channel, token, org, agent="", mode="wav", conversation=None, metadata=(), **fields):
        self.channel, self.token, self.org, self.agent, self.mode = channel, token, org, agent, mode
        self.conversation = conversation or str(uuid.uuid4())
        self.tracking = f"ENDTOEND_{uuid.uuid4()}"
        self.extra_metadata = tuple(metadata)
        self.fields = fields
        self.playing_until = 0.0

    def metadata(self):
        authorization = () if self.token is None else (("authorization", self.token),)
        return authorization + (("trackingid", self.tracking),) + self.extra_metadata

    def request(self, **input):
        return voice.VoiceVARequest(
            conversation_id=self.conversation, customer_org_id=self.org, virtual_agent_id=self.agent,
            **(self.fields | input))

    # One RPC for one event

    def open(self, *messages, half_close=True, **more):
        """An RPC with some messages, half-closed unless it is to stay open."""
        interaction = Interaction(self, **more)
        for message in messages:
            interaction.send(message)
        return interaction.half_close() if half_close else interaction

    def event(self, event_type, name="", parameters=None, **more):
        event_input = voice.EventInput(event_type=event_type, name=name)
        if parameters:
            event_input.parameters.update(parameters)
        return self.open(self.request(event_input=event_input), **more)

    def start(self):
        """SESSION_START: the greeting."""
        return self.hear(self.event(SESSION_START, name="session start"))

    def press(self, keys):
        """START_OF_DTMF as an RPC of its own, then all the keys in one message, as they are collected."""
        beginning = self.event(START_OF_DTMF).wait()
        assert beginning.replies == [], f"Wire 3: START_OF_DTMF is answered with nothing, not {beginning.replies}"
        self.playing_until = 0.0
        return self.hear(self.open(self.request(dtmf_input={"dtmf_events": [KEYS[key] for key in keys]})))

    def no_input(self):
        return self.hear(self.event(NO_INPUT))

    def custom_event(self, name, parameters=None):
        return self.hear(self.event(CUSTOM_EVENT, name=name, parameters=parameters))

    def hang_up(self):
        ended = self.event(SESSION_END).wait()
        assert [r.raw for r in ended.replies] == [b""], f"Wire 3: SESSION_END gets one empty response: {ended.replies}"
        return ended

    # Speech

    def listen(self, **line):
        """Opens an audio RPC: from here on the line is streaming."""
        return AudioLine(self, **line)

    def speak(self, speech, after_prompts=True, **line):
        """A spoken turn: silence, the words, silence until END_OF_INPUT, half-close, and the answer."""
        audio = self.listen(**line)
        if after_prompts:
            time.sleep(max(0.2, self.playing_until - time.monotonic()))
        audio.utterance = audio.say(speech)
        return self.hear(audio)

    # Hearing

    def hear(self, interaction, seconds=PATIENCE + 15):
        """Waits for the answer and checks all the rules that every answer keeps."""
        interaction.wait(seconds)
        rules.check(interaction, self.mode)
        begin = max(self.playing_until, time.monotonic())
        self.playing_until = begin + interaction.audio.seconds
        return interaction
