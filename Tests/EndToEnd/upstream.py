"""Another server of the voice virtual agent interface, as a `byova` engine meets it: it notes what it is sent and answers
as a test says."""

import concurrent.futures
import io
import threading
import wave

import grpc
import numpy

from schemas import MEDIA, SESSION_START, Event, voice
from speech import RATE, from_mulaw


class Upstream:
    """The server. `answer(request)` gives the responses to a request that is no audio, and to the last one of a turn.

    The caller's side ends a turn with its half-close; with `silence` it is ended by so many seconds of it, as a server with
    a detector of its own does it, and a half-close means nothing.
    """

    def __init__(self, answer, silence=None):
        self.requests = []
        self.silence = silence
        self.metadata = []
        self.speaking, self.quiet = False, 0
        self.answer = answer
        self.changed = threading.Condition()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(32))
        handler = grpc.stream_stream_rpc_method_handler(
            self.process, voice.VoiceVARequest.FromString, voice.VoiceVAResponse.SerializeToString)
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(f"{MEDIA}.VoiceVirtualAgent", {"ProcessCallerInput": handler})])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def process(self, requests, context):
        self.metadata.append(dict(context.invocation_metadata()))
        heard = None
        for request in requests:
            if request.HasField("audio_input"):
                heard = request
                if self.silence:
                    yield from self.detect(request)
                continue
            with self.changed:
                self.requests.append(request)
                self.changed.notify_all()
            yield from self.answer(request)
        if heard and not self.silence:  # the caller's side has ended the turn
            yield from self.answer(heard)

    def detect(self, request):
        """Words and silence, by level."""
        audio = request.audio_input.caller_audio
        if abs(from_mulaw(audio).samples.astype(int)).mean() > 300:
            if not self.speaking:
                yield voice.VoiceVAResponse(output_events=[{"event_type": Event.START_OF_INPUT}])
            self.speaking, self.quiet = True, 0
        elif self.speaking:
            self.quiet += len(audio) / RATE
            if self.quiet >= self.silence:
                self.speaking = False
                yield voice.VoiceVAResponse(output_events=[{"event_type": Event.END_OF_INPUT}])
                yield from self.answer(request)

    @property
    def started(self):
        return [r for r in self.requests if r.event_input.event_type == SESSION_START]

    @property
    def engine(self):
        return {"kind": "byova", "url": f"http://127.0.0.1:{self.port}"}

    def stop(self):
        self.server.stop(0).wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def final(*prompts, **more):
    """A complete answer; a prompt is audio or a text."""
    made = [{"text": p} if isinstance(p, str) else {"audio_content": p} for p in prompts]
    more = {"input_mode": 3, "input_handling_config": {}} | more
    return voice.VoiceVAResponse(response_type=0, prompts=made, **more)


def wav(speech, rate=RATE, channels=1, width=2):
    """Speech as a WAV file of linear samples, resampled by numpy."""
    at = numpy.arange(int(speech.seconds * rate)) * (RATE / rate)
    samples = numpy.interp(at, numpy.arange(len(speech.samples)), speech.samples.astype(float))
    scaled = samples if width == 2 else samples * 256 if width == 3 else samples / 256 + 128
    kind = {1: numpy.uint8, 2: numpy.dtype("<i2"), 3: numpy.dtype("<i4")}[width]
    frames = numpy.repeat(scaled.astype(kind), channels).tobytes()
    if width == 3:
        frames = numpy.frombuffer(frames, dtype=numpy.uint8).reshape(-1, 4)[:, :3].tobytes()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return out.getvalue()
