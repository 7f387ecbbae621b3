"""A client that speaks HTTP/2 frame by frame, as no library would."""

import contextlib
import socket
import ssl
import struct
import threading
import time

from hpack import Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
CHECK = "/grpc.health.v1.Health/Check"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def prefix(length):
    """What stands before a message of so many bytes."""
    return b"\0" + struct.pack(">I", length)


class FrameClient:
    """One connection."""

    def __init__(self, address, tls=False, reads=True, source=None):
        host, port = address.rsplit(":", 1)
        self.encoder = Encoder()
        self.closed = threading.Event()
        self.received = b""
        self.stream = -1
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(10)
        try:
            if source:
                self.socket.bind((source, 0))
            self.socket.connect((host, int(port)))
            if tls:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                context.set_alpn_protocols(["h2"])
                plain = self.socket
                try:
                    self.socket = context.wrap_socket(plain, do_handshake_on_connect=False)
                except (OSError, ValueError):
                    plain.close()
                    raise
                self.socket.do_handshake()
            self.send(PREFACE + frame(SETTINGS))
        except (OSError, ValueError):  # a connection that the server does not take
            self.closed.set()
            self.socket.close()
        if reads and not self.closed.is_set():
            self.reader.start()

    def _read(self):
        try:
            while data := self.socket.recv(65536):
                self.received = (self.received + data)[-200_000:]
        except (OSError, ValueError):
            pass
        self.closed.set()

    def updates(self):
        """How many WINDOW_UPDATE frames of its last stream have come; for a client that has received little else."""
        count, at, received = 0, 0, self.received
        while at + 9 <= len(received):
            length, kind = int.from_bytes(received[at:at + 3], "big"), received[at + 3]
            stream = int.from_bytes(received[at + 5:at + 9], "big")
            count += kind == WINDOW_UPDATE and stream == self.stream
            at += 9 + length
        return count

    def send(self, data):
        self.socket.sendall(data)

    def headers(self, path, *more, flags=END_HEADERS):
        """A new stream's HEADERS; `self.stream` is its number."""
        self.stream += 2
        fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
                  ("te", "trailers"), ("content-type", "application/grpc"), *more]
        return frame(HEADERS, flags, self.stream, self.encoder.encode(fields))

    def flood(self, data, seconds, a_second=None):
        """Sends the same again and again; gives how many bytes went out before the other side hung up."""
        sent, end = 0, time.monotonic() + seconds
        begin = time.monotonic()
        try:
            while time.monotonic() < end and not self.closed.is_set():
                self.send(data)
                sent += len(data)
                if a_second and (ahead := sent / a_second - (time.monotonic() - begin)) > 0:
                    time.sleep(ahead)
        except OSError:
            self.closed.set()
        return sent

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self.reader.ident:  # before the descriptor is another's
            self.reader.join()
        self.socket.close()


class SlowLine:
    """A TCP proxy that holds everything back for a time in each direction."""

    def __init__(self, target, delay):
        self.target, self.delay = target, delay
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            host, port = self.target.rsplit(":", 1)
            far = socket.create_connection((host, int(port)))
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink in ((near, far), (far, near)):
                self._forward(source, sink)

    def _forward(self, source, sink):
        self.sockets.append(source)
        line = []
        more = threading.Condition()

        def take():
            while True:
                try:
                    data = source.recv(1 << 20)
                except OSError:
                    data = b""
                with more:
                    line.append((time.monotonic() + self.delay, data))
                    more.notify()
                if not data:
                    return

        def give():
            while True:
                with more:
                    more.wait_for(lambda: line)
                    due, data = line.pop(0)
                time.sleep(max(0, due - time.monotonic()))
                try:
                    if not data:
                        return sink.shutdown(socket.SHUT_WR)
                    sink.sendall(data)
                except OSError:
                    return

        for work in (take, give):
            threading.Thread(target=work, daemon=True).start()

    def close(self):
        for one in (self.listener, *self.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
