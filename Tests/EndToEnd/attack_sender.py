"""Sends bytes that were made beforehand over many connections, and does nothing else: what it costs is not the attack's.

    attack_sender.py FILE      JSON: what to send, where to, for how long (`attacks.Attack.plan`)

It prints what came of it as JSON: connections opened, refused, and closed by the other side; bytes sent.
"""

import collections
import json
import pathlib
import socket
import ssl
import sys
import time

PIECE = 65_536
PATIENCE = 1  # seconds that a connection or a handshake may take


def tls_context():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


class Line:
    """One connection: the beginning once, then the rest, again and again where it may be repeated."""

    def __init__(self, plan, context, source, beginning):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.opened = time.monotonic()
        try:
            self.socket.settimeout(PATIENCE)
            self.socket.bind((source, 0))
            host, port = plan["address"].rsplit(":", 1)
            self.socket.connect((host, int(port)))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if plan["tls"]:
                self.socket = context.wrap_socket(self.socket)
            self.socket.setblocking(False)
        except (OSError, ValueError):
            self.close()
            raise
        self.began = time.monotonic()
        self.sent, self.at, self.beginning = 0, 0, beginning
        self.is_beginning = True
        self.is_closed = False

    def step(self, plan, rest):
        """Reads what there is, and sends what is due by now."""
        try:
            if plan["reads"]:
                while data := self.socket.recv(PIECE):
                    if len(data) < PIECE:
                        break
                else:
                    self.is_closed = True
                    return
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except (OSError, ValueError):
            self.is_closed = True
            return
        rate = plan["rate"]
        for _ in range(16):  # then it is another line's turn
            data = self.beginning if self.is_beginning else rest
            if self.at == len(data):
                if self.is_beginning and rest:
                    self.is_beginning, self.at = False, 0
                elif not self.is_beginning and plan["repeats"]:
                    self.at = 0
                else:
                    self.is_closed = bool(rest)  # all is said: another connection begins again
                    return
                continue
            most = PIECE
            if rate and (not self.is_beginning or plan["slow_start"]):
                most = min(PIECE, int((time.monotonic() - self.began) * rate) - self.sent)
                if most <= 0:
                    return
            try:
                count = self.socket.send(data[self.at:self.at + most])
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except (OSError, ValueError):
                self.is_closed = True
                return
            self.at += count
            self.sent += count

    def close(self):
        self.socket.close()


def attack(plan):
    beginnings = [memoryview(pathlib.Path(name).read_bytes()) for name in plan["beginnings"]]
    rest = memoryview(pathlib.Path(plan["rest"]).read_bytes())
    context = tls_context() if plan["tls"] else None
    count = collections.Counter()
    lines, begin = [], time.monotonic()
    end = begin + plan["seconds"]
    next_open = begin
    while (now := time.monotonic()) < end:
        if len(lines) < plan["connections"] and now >= next_open:
            source = plan["sources"][count["tried"] % len(plan["sources"])]
            count["tried"] += 1
            try:
                lines.append(Line(plan, context, source, beginnings[count["tried"] % len(beginnings)]))
                count["opened"] += 1
                next_open = max(next_open, now - 1) + 1 / plan["opens"]
            except (OSError, ValueError):
                count["refused"] += 1
                next_open = now + 0.01
        progress = False
        for line in lines:
            before = line.sent
            line.step(plan, rest)
            progress |= line.sent > before
            if line.is_closed or (plan["life"] and now - line.opened > plan["life"]):
                count["closed"] += line.is_closed
                count["sent"] += line.sent
                line.close()
        lines = [line for line in lines if line.socket.fileno() >= 0]
        time.sleep(0.002 if progress else 0.005)
    count["left"] = len(lines)
    for line in lines:
        count["sent"] += line.sent
        line.close()
    return {name: count[name] for name in ("opened", "refused", "closed", "left", "sent")}


if __name__ == "__main__":
    print(json.dumps(attack(json.loads(pathlib.Path(sys.argv[1]).read_text()))))
