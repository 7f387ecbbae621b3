"""R3, R4: bots behind WebSockets that refuse, hang, drip, send garbage, flood or leave in the middle of a word. The
caller is transferred in time, and the server's memory stays what it was."""

import socket
import ssl
import threading
import time

import pytest

from caller import Caller
from conftest import TENANT_A, agent
from gateway import SLOW
from media_streams import MediaStreamsBot
from realtime import StandIn
from schemas import SESSION_START, Event
from speech import silence

IN_TIME = 10 * (6 if SLOW else 1)  # seconds from the start of the call to the transfer


class RawServer:
    """Takes connections and does one thing with each, on a thread of its own."""

    def __init__(self, serve):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections = []

        def accept():
            while True:
                try:
                    connection, _ = self.socket.accept()
                except OSError:
                    return
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(serve, connection), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def _serve(self, serve, connection):
        try:
            serve(connection)
        except OSError:
            pass

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.connections:
            connection.close()


def hang(connection):
    connection.recv(4096)


def drip(connection):
    for byte in b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" * 10:
        connection.send(bytes([byte]))
        time.sleep(1)


def garbage(connection):
    connection.recv(4096)
    connection.send(b"\x16\x03\x01 this is neither HTTP nor TLS\r\n\r\n" * 100)


def refused_by_http(connection):
    connection.recv(4096)
    connection.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def transferred(own_gateway, token):
    """Places a call to a bot of an engine; it must be transferred in time, and leave nothing behind."""

    def check(kind, url, peak=None, seconds=IN_TIME, **engine):
        gateway = own_gateway(agents=[agent("bot", "chunk", {"kind": kind, "url": url} | engine)])
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "bot", mode="chunk")
            with gateway.peak_memory() as growth:
                began = time.monotonic()
                start = caller.event(SESSION_START).wait(seconds + 10)
            assert start.event.event_type == Event.TRANSFER_TO_AGENT
            assert time.monotonic() - began < seconds, "no dead air"
            if peak:
                assert growth[0] < peak, f"{growth[0] / 1e6:.1f} MB"
        gateway.stop()
        return gateway

    return check


@pytest.mark.parametrize("kind", ["media-streams", "realtime"])
@pytest.mark.parametrize("fault", [hang, drip, garbage, refused_by_http])
def test_a_socket_that_never_opens(transferred, kind, fault):
    server = RawServer(fault)
    try:
        transferred(kind, f"ws://127.0.0.1:{server.port}/", timeouts={"connect": "1s"})
    finally:
        server.stop()


@pytest.mark.parametrize("kind", ["media-streams", "realtime"])
def test_nobody_listens(transferred, kind):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    transferred(kind, f"ws://127.0.0.1:{port}/")


def test_a_certificate_that_nobody_vouches_for(transferred, certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    bot = MediaStreamsBot(lambda stream: stream.say(silence(1)), ssl=context)
    try:
        transferred("media-streams", bot.url.replace("127.0.0.1", "localhost"))
        assert bot.streams.empty(), "no call reaches it"
    finally:
        bot.stop()


def test_a_certificate_that_is_trusted(own_gateway, token, certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    bot = MediaStreamsBot(lambda stream: stream.say(silence(1)), ssl=context)
    try:
        engine = {"kind": "media-streams", "url": bot.url, "tls": {"ca": str(certificates / "server.pem")}}
        gateway = own_gateway(agents=[agent("bot", "chunk", engine)])
        caller = Caller(gateway.channel(), token, TENANT_A["org"], "bot", mode="chunk")
        assert caller.start().audio.seconds >= 1
    finally:
        bot.stop()


def close_in_a_word(stream):
    stream.say(silence(0.2))
    stream.connection.socket.shutdown(socket.SHUT_RDWR)


def send_garbage(stream):
    stream.connection.send("\x00 not JSON")


def say_nothing(stream):
    pass


@pytest.mark.parametrize("fault", [close_in_a_word, send_garbage, say_nothing])
def test_media_streams_that_go_wrong(transferred, fault):
    bot = MediaStreamsBot(fault)
    try:
        transferred("media-streams", bot.url)
    finally:
        bot.stop()


@pytest.mark.measured
def test_a_flood_of_media(transferred):
    """1 GB, as fast as it goes: it is held up at 256 KB, and given up."""

    def flood(stream):
        message = '{"event":"media","streamSid":"x","media":{"payload":"' + "f" * 64_000 + '"}}'
        for _ in range((1 << 30) // len(message)):
            stream.connection.send(message)

    bot = MediaStreamsBot(flood)
    try:
        transferred("media-streams", bot.url, peak=24 << 20)
    finally:
        bot.stop()


@pytest.mark.measured
def test_a_message_without_an_end(transferred):
    """1 GB in one message: more than a message may be."""

    def flood(stream):
        stream.connection.send("x" * 65_536 for _ in range(1 << 14))

    bot = MediaStreamsBot(flood)
    try:
        transferred("media-streams", bot.url, peak=24 << 20)
    finally:
        bot.stop()


@pytest.mark.parametrize("fault", ["401", "hang", "garbage", "session", "silent", "close", "rate-limit"])
def test_a_realtime_server_that_goes_wrong(transferred, tmp_path, fault):
    server = StandIn(tmp_path)
    try:
        transferred("realtime", f"{server.url}?fault={fault}")
    finally:
        server.stop()


@pytest.mark.measured
def test_a_flood_of_deltas(transferred, tmp_path):
    server = StandIn(tmp_path)
    try:
        transferred("realtime", f"{server.url}?fault=flood", peak=24 << 20)
    finally:
        server.stop()
