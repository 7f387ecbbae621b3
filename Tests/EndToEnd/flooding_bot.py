"""Bots that attack over HTTP/2 itself: each serves gRPC only as far as its attack needs, with bytes made beforehand.

Run as a process of its own (`flooding_bots`): it prints the port of each attack, and serves until its input ends.
"""

import base64
import contextlib
import hashlib
import json
import re
import socket
import struct
import subprocess
import sys
import threading
import time

SETTINGS, HEADERS, DATA, PING, GOAWAY, WINDOW_UPDATE = 4, 1, 0, 6, 7, 8
RATE = 180e6 / 8  # bytes a second
SECONDS = 6
DECLARED = 1_000_000_000


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


ANSWER = bytes([0x88, 0x00, 12]) + b"content-type" + bytes([16]) + b"application/grpc"  # :status 200
FLOODS = {
    "goaway": frame(GOAWAY, payload=bytes(8)),
    "unknown": frame(0xB7),
    "unknown-16k": frame(0xB7, payload=bytes(16_000)),
    "ping": frame(PING, payload=bytes(8)),
    "settings": frame(SETTINGS),
    "empty-data": frame(DATA, stream=1),
    "empty-messages": frame(DATA, stream=1, payload=bytes(5)),
}


class Peer:
    """What the client allows on one connection: read on a thread of its own."""

    def __init__(self, connection):
        self.connection = connection
        self.changed = threading.Condition()
        self.streams = []
        self.window = {0: 65_535}
        self.closed = False
        connection.sendall(frame(SETTINGS))  # first of all, also before the client's is acknowledged
        threading.Thread(target=self.read, daemon=True).start()

    def exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.connection.recv(count - len(data))
            if not part:
                raise OSError("closed")
            data += part
        return data

    def read(self):
        try:
            self.exactly(24)
            while True:
                head = self.exactly(9)
                length, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
                stream = int.from_bytes(head[5:])
                payload = self.exactly(length)
                with self.changed:
                    if kind == HEADERS:
                        self.streams.append(stream)
                        self.window.setdefault(stream, 65_535)
                    elif kind == WINDOW_UPDATE:
                        self.window[stream] = self.window.get(stream, 65_535) + int.from_bytes(payload)
                    elif kind == 3:
                        self.window.pop(stream, None)
                    self.changed.notify_all()
                if kind == SETTINGS and not flags:
                    self.connection.sendall(frame(SETTINGS, 1))
        except OSError:
            with self.changed:
                self.closed = True
                self.changed.notify_all()

    def stream(self):
        """The first stream that the client opens."""
        with self.changed:
            self.changed.wait_for(lambda: self.streams or self.closed, 10)
            if not self.streams:
                raise OSError("closed")
            return self.streams[0]

    def spend(self, stream, count):
        """Waits until the client allows so many bytes more of a stream."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.closed or stream not in self.window or min(self.window[0], self.window[stream]) >= count)
            if self.closed or stream not in self.window:
                raise OSError("closed")
            self.window[0] -= count
            self.window[stream] -= count


def paced(send, block):
    """Sends a block over and over, as fast as the rate allows."""
    began, sent = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        send(block)
        sent += len(block)
        time.sleep(max(0.0, began + sent / RATE - time.monotonic()))


def flood(connection, name):
    peer = Peer(connection)
    stream = peer.stream()
    connection.sendall(frame(HEADERS, 4, stream, ANSWER))
    one = FLOODS[name]
    paced(connection.sendall, one * max(1, 32_768 // len(one)))


def giant(connection, _):
    """A message that declares a gigabyte, sent as fast as the client allows."""
    peer = Peer(connection)
    stream = peer.stream()
    connection.sendall(frame(HEADERS, 4, stream, ANSWER))
    part = frame(DATA, 0, stream, bytes(16_000))

    def send(block):
        peer.spend(stream, 16_000)
        connection.sendall(block)

    peer.spend(stream, 5)
    connection.sendall(frame(DATA, 0, stream, b"\0" + struct.pack(">I", DECLARED)))
    paced(send, part)


MESSAGES = {
    "messages": b"\x81\x0d" + b'{"event":"x"}',  # a text frame
    "pings": b"\x89\x00" * 10 + b"\x81\x0d" + b'{"event":"x"}',
}


def socket_flood(connection, name):
    """WebSocket messages that say nothing, or pings with a few of them in between."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", request)[1]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    one = MESSAGES[name]
    paced(connection.sendall, one * (32_768 // len(one)))


def serve(listener, attack, name):
    def hold(connection):
        with contextlib.suppress(OSError), connection:
            attack(connection, name)
    while True:
        threading.Thread(target=hold, args=[listener.accept()[0]], daemon=True).start()


ATTACKS = {name: flood for name in FLOODS} | {"giant": giant} | {name: socket_flood for name in MESSAGES}


@contextlib.contextmanager
def flooding_bots():
    """The port of each attack."""
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    ports = {}
    for name, attack in ATTACKS.items():
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        ports[name] = listener.getsockname()[1]
        threading.Thread(target=serve, args=[listener, attack, name], daemon=True).start()
    print(json.dumps(ports), flush=True)
    sys.stdin.read()
