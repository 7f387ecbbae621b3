"""The caller's network: relays of TCP that can be cut or frozen, or that are slow as after lost packets."""

import contextlib
import queue
import random
import socket
import struct
import subprocess
import threading
import time

LOSSY = "127.0.0.99"  # what is sent to this address and from it passes through tc's netem, where there is one
NETEM = "loss 1% delay 40ms 10ms"


class Relay:
    """A port that leads to the server."""

    def __init__(self, address, host="127.0.0.1"):
        self.far = ("127.0.0.1", int(address.rsplit(":", 1)[1]))
        self.listener = socket.create_server((host, 0))
        self.address = f"{host}:{self.listener.getsockname()[1]}"
        self.sockets, self.frozen = [], False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.far)
                self.sockets += [near, far]
                for a, b in ((near, far), (far, near)):
                    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=self._pass, args=(a, b), daemon=True).start()

    def _pass(self, a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                while self.frozen:
                    time.sleep(0.2)
                b.sendall(data)
        with contextlib.suppress(OSError):
            b.shutdown(socket.SHUT_WR)

    def cut(self):
        """Both sides find their connection reset."""
        self.frozen = False
        for each in [self.listener, *self.sockets]:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class SlowRelay(Relay):
    """What TCP makes of 1 % loss and 40 ms of delay each way: now and then 200 ms of waiting, for all that follows too."""

    def _pass(self, a, b):
        line = queue.SimpleQueue()

        def deliver():
            with contextlib.suppress(OSError):
                while item := line.get():
                    due, data = item
                    time.sleep(max(0.0, due - time.monotonic()))
                    b.sendall(data)
                b.shutdown(socket.SHUT_WR)

        threading.Thread(target=deliver, daemon=True).start()
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                lost = 0.2 if random.random() < 0.02 else 0.0
                line.put((time.monotonic() + random.uniform(0.03, 0.05) + lost, data))
        line.put(None)


def lossy_network():
    """Has this network namespace lose packets to and from one address of loopback; says why, where it cannot."""
    there, back = (f"tc filter add dev lo parent 1: protocol ip u32 match ip {side} {LOSSY}/32 flowid 1:4"
                   for side in ("dst", "src"))
    commands = ["ip link set lo up", "tc qdisc add dev lo root handle 1: prio bands 4 priomap" + " 0" * 16,
                f"tc qdisc add dev lo parent 1:4 handle 40: netem {NETEM}", there, back]
    for command in commands:
        try:
            done = subprocess.run(command.split(), capture_output=True, text=True)
        except FileNotFoundError as missing:
            return str(missing)
        if done.returncode:
            return f"{command}: {done.stderr.strip()}"
    return None


def why_no_namespace():
    """Why this machine has no network namespace that loses packets; None where it has."""
    try:
        probe = subprocess.run(
            ["unshare", "--net", "sh", "-c", "tc qdisc add dev lo root netem loss 1%"], capture_output=True, text=True)
    except FileNotFoundError as missing:
        return str(missing)
    return probe.stderr.strip() or f"unshare ends with {probe.returncode}" if probe.returncode else None
