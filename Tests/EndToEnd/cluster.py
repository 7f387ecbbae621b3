"""Servers of one cluster: a Redis of their own, and calls whose RPCs go to one server after the other."""

import contextlib
import json
import re
import socket
import subprocess
import threading
import time

from caller import Caller
from conftest import TENANT_A
from edge import free_port


class Redis:
    """Debian's redis-server, with nothing kept on disk."""

    def __init__(self, folder, host="127.0.0.1"):
        self.host, self.port = host, free_port()
        self.folder = folder
        self.start()

    @property
    def url(self):
        return f"redis://{self.host}:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", self.host, "--protected-mode", "no", "--save", "",
             "--appendonly", "no", "--dir", str(self.folder), "--enable-debug-command", "local"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError):
                if self.ask("PING") == "+PONG":
                    return
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def ask(self, *words):
        """The first line of the answer to one command."""
        with socket.create_connection((self.host, self.port), timeout=5) as connection:
            parts = [f"*{len(words)}\r\n"] + [f"${len(word)}\r\n{word}\r\n" for word in words]
            connection.sendall("".join(parts).encode())
            return connection.makefile("rb").readline().decode().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()


class Forwarder:
    """A way to a port of this machine that can be cut, and on which answers can be late."""

    def __init__(self, port, listener=None):
        """`listener`: of another machine, say."""
        self.target, self.sockets, self.late = port, [], 0.0
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                try:
                    far = socket.create_connection(("127.0.0.1", self.target))
                except OSError:  # nobody is there
                    near.close()
                    continue
                self.sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self.carry, args=(one, other, one is far), daemon=True).start()

    def carry(self, one, other, is_back):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if is_back and self.late:
                    time.sleep(self.late)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def turn(self, port):
        """All connections break, and the next lead elsewhere."""
        self.target = port
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Nothing gets through, and nobody is accepted, from now on."""
        for one in [self.listener, *self.sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()


class Cluster:
    """Starts servers that share one Redis."""

    def __init__(self, own_gateway, tmp_path, host="127.0.0.1", **more):
        """`host`: of its Redis."""
        self.host = host
        self.own_gateway = own_gateway
        self.tmp_path = tmp_path
        self.redis = self.new_redis("redis")
        self.secret = tmp_path / "cluster.secret"
        self.secret.write_text("0123456789abcdef0123456789abcdef\n")
        self.secret.chmod(0o600)
        self.more = more
        self.servers = []

    def new_redis(self, name):
        """One that is gone with the test."""
        folder = self.tmp_path / name
        folder.mkdir()
        redis = Redis(folder, self.host)
        self.own_gateway.at_end.append(redis.kill)
        return redis

    def settings(self, **changes):
        return {"redis": self.redis.url, "address": "127.0.0.1:0", "secret_file": str(self.secret), "lease": "1s",
                } | self.more | changes

    def start(self, count=1, **changes):
        for _ in range(count):
            self.servers.append(self.own_gateway(**{"cluster": self.settings()} | changes))
        for server in self.servers[-count:]:
            server.until(lambda server=server: "degraded" not in server.get("/readyz")[1], "reaches Redis")
        return self.servers[-count:]


def metric(server, name, **labels):
    """A metric's value; 0 where it is not there yet."""
    label = "".join(f'{key}="{value}",' for key, value in labels.items()).rstrip(",")
    found = re.search(rf"^{name}{re.escape('{' + label + '}') if label else ''} ([\d.e+]+)$",
                      server.get("/metrics")[1], re.M)
    return int(float(found[1])) if found else 0


def logged(server, message):
    """The metadata of all log lines with this message."""
    lines = (line for line in server.log.splitlines() if f'"{message}"' in line)
    return [json.loads(line)["metadata"] for line in lines]


class SpreadCaller(Caller):
    """A caller whose RPCs go to one server after the other; `turn` is the number of the next."""

    def __init__(self, servers, token, agent="demo-wav", **more):
        self.servers, self.turn = servers, 0
        self.channels = [server.channel() for server in servers]
        super().__init__(self.channels[0], token, TENANT_A["org"], agent, **more)

    def open(self, *messages, **more):
        self.spread()
        return super().open(*messages, **more)

    def listen(self, **line):
        self.spread()
        return super().listen(**line)

    def spread(self):
        self.channel = self.channels[self.turn % len(self.channels)]
        self.turn += 1

    def close(self):
        for channel in self.channels:
            channel.close()
