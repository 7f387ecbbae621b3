"""A server of Protos/bot.proto that only receives: it keeps what a session brings."""

import concurrent.futures
import threading

import grpc
import numpy

from schemas import schema_of

CONVERSE = "/patchbay.bot.v1.Bot/Converse"


def as_is(data):
    return data


class Session:
    """One session that was forwarded."""

    def __init__(self, metadata, send):
        self.metadata = metadata
        self.send = send
        self.hello = self.end = None
        self.sources, self.removed, self.rosters, self.audio, self.video = {}, [], [], [], []
        self.ended = threading.Event()
        self.changed = threading.Condition()

    def take(self, message):
        with self.changed:
            what = message.WhichOneof("event")
            value = getattr(message, what)
            if what == "hello":
                self.hello = value
            elif what == "source_added":
                self.sources[value.id] = value
            elif what == "source_removed":
                self.removed.append(value.id)
            elif what == "roster":
                self.rosters.append(list(value.participants))
            elif what == "media_audio":
                self.audio.append(value)
            elif what == "media_video":
                self.video.append(value)
            elif what == "media_ended":
                self.end = value.reason
                self.ended.set()
            self.changed.notify_all()

    def until(self, condition, what, seconds=20):
        with self.changed:
            assert self.changed.wait_for(condition, seconds), f"no {what}"

    def timeline(self, source):
        """The source's audio on the session's clock, silence where there is none; and the samples made up."""
        pieces = [a for a in self.audio if a.source == source]
        samples = [numpy.frombuffer(a.samples, dtype="<i2") for a in pieces]
        whole = numpy.zeros(max((a.position + len(s) for a, s in zip(pieces, samples)), default=0), dtype=numpy.int16)
        last = 0
        for piece, heard in zip(pieces, samples):
            assert piece.position >= last, "positions of a source never fall"
            last = piece.position + len(heard)
            whole[piece.position : last] = heard
        return whole, sum(a.concealed for a in pieces)


class Collector:
    """Listens on loopback, on a free port unless told."""

    def __init__(self, port=0, workers=16):
        self.schema = schema_of("patchbay.bot.v1", "Bot")
        self.sessions = []
        self.changed = threading.Condition()
        handler = grpc.stream_stream_rpc_method_handler(self.converse, as_is, as_is)
        self.server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(workers), options=[("grpc.max_receive_message_length", 5 << 20)])
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("patchbay.bot.v1.Bot", {"Converse": handler}),))
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def converse(self, messages, context):
        outbox = []
        arrived = threading.Condition()

        def send(message):
            with arrived:
                outbox.append(message.SerializeToString())
                arrived.notify_all()

        session = Session(dict(context.invocation_metadata()), send)
        with self.changed:
            self.sessions.append(session)
            self.changed.notify_all()

        def read():
            try:
                for raw in messages:
                    session.take(self.schema.ServerMessage.FromString(raw))
            except Exception:  # the RPC is gone
                pass
            with arrived:
                outbox.append(None)
                arrived.notify_all()

        threading.Thread(target=read, daemon=True).start()
        while True:
            with arrived:
                arrived.wait_for(lambda: outbox)
                message = outbox.pop(0)
            if message is None:
                return
            yield message

    def session(self, conversation, seconds=20):
        """The session of a conversation, once it has said hello."""

        def found():
            return next((s for s in self.sessions if s.metadata.get("patchbay-conversation") == conversation), None)

        with self.changed:
            assert self.changed.wait_for(found, seconds), f"no session of {conversation}"
            session = found()
        session.until(lambda: session.hello, "hello")
        return session

    def close(self):
        self.server.stop(0)


def lag(heard, spoken):
    """Where in what was heard what was spoken begins, in samples, by the peak of the cross-correlation."""
    a, b = heard.astype(float), spoken.astype(float)
    size = 1 << (len(a) + len(b)).bit_length()
    correlation = numpy.fft.irfft(numpy.fft.rfft(a, size) * numpy.conj(numpy.fft.rfft(b, size)), size)
    peak = int(correlation.argmax())
    return peak if peak < size // 2 else peak - size


def signal_to_noise(heard, spoken, at):
    """How far what was spoken is above the difference to what was heard from a place on, in dB."""
    begin = max(0, at)
    piece = heard[begin : at + len(spoken)].astype(float)
    reference = spoken[begin - at : begin - at + len(piece)].astype(float)
    assert len(piece) > len(spoken) // 2
    gain = (piece * reference).sum() / max(1.0, (reference * reference).sum())
    noise = ((piece - gain * reference) ** 2).sum()
    return 10 * numpy.log10(max(1.0, (gain * reference) @ (gain * reference)) / max(1.0, noise))
