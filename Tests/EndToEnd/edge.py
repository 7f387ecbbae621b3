"""Real proxies in front of the server: HAProxy and nginx, with the files of Scripts/deployment/edge and without any rule."""

import contextlib
import getpass
import pathlib
import shutil
import socket
import subprocess
import time

import grpc

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "Scripts/deployment/edge"

PLAIN_HAPROXY = """
global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:{port} proto h2
  default_backend back
backend back
{servers}
"""

PLAIN_NGINX = """
events {{}}
http {{
  access_log off;
  server {{
    listen 127.0.0.1:{port} http2;
    location / {{ grpc_pass grpc://{server}; }}
  }}
}}
"""

KINDS = ["haproxy", "haproxy-shipped", "nginx", "nginx-shipped"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def replaced(text, pairs):
    """A shipped file with what is an installation's own: every place has to be there."""
    for old, new in pairs:
        assert old in text, f"the shipped file has no {old!r}"
        text = text.replace(old, new)
    return text


def shipped_haproxy(folder, certificates, port, gateways, changes):
    pem = folder / "patchbay.pem"
    pem.write_text((certificates / "server.pem").read_text() + (certificates / "server.key").read_text())
    places = [f"10.0.0.{11 + n}:50051" for n in range(max(2, len(gateways)))]
    lines = [f"  server patchbay-{n + 1} {place}\n" for n, place in enumerate(places)]
    pairs = [(lines[1], "".join(lines[1:])), *changes, (":443", f"127.0.0.1:{port}"),
             ("/etc/haproxy/patchbay.pem", str(pem)), ("/run/haproxy/admin.sock", str(folder / "admin.sock")),
             (" inter 1s", " inter 200ms"), (" port 8080", "")]
    for n, place in enumerate(places):
        gateway = gateways[n % len(gateways)]
        pairs.append((place, f"{gateway.address} port {gateway.admin.rsplit(':', 1)[1]}"))
    text = replaced((EXAMPLES / "haproxy.cfg").read_text(), pairs)
    if len(gateways) == 1:
        text = "\n".join(line for line in text.splitlines() if "server patchbay-2" not in line) + "\n"
    if getpass.getuser() != "root":
        text = replaced(text, [("  user haproxy\n", ""), ("  group haproxy\n", "")])
    return text


def shipped_nginx(folder, certificates, port, gateways, changes):
    return replaced((EXAMPLES / "nginx.conf").read_text(), [
        ("listen 443", f"listen 127.0.0.1:{port}"), ("/etc/nginx/patchbay.pem", str(certificates / "server.pem")),
        ("/etc/nginx/patchbay.key", str(certificates / "server.key")), ("127.0.0.1:50051", gateways[0].address),
        ("/run/nginx.pid", str(folder / "pid")), ("/var/log/nginx", str(folder)), *changes])


class Edge:
    """A running proxy."""

    def __init__(self, kind, folder, certificates, *gateways, changes=(), name=None):
        """`changes`: pairs of what a shipped file says, and what it is to say instead. `name`: HAProxy's among its peers."""
        self.kind, self.folder = kind, pathlib.Path(folder)
        self.port = free_port()
        self.root = (certificates / "server.pem").read_bytes() if kind.endswith("-shipped") else None
        self.gateways = gateways
        program, _, is_shipped = kind.partition("-")
        if is_shipped:
            make = {"haproxy": shipped_haproxy, "nginx": shipped_nginx}[program]
            text = make(self.folder, certificates, self.port, gateways, changes)
        else:
            text = {"haproxy": PLAIN_HAPROXY, "nginx": PLAIN_NGINX}[program].format(
                port=self.port, server=gateways[0].address,
                servers="\n".join(f"  server s{n} {gateway.address} proto h2" for n, gateway in enumerate(gateways)))
        file = self.folder / f"{program}.conf"
        file.write_text(text)
        binary = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        assert binary, f"there is no {program}: Scripts/bootstrap --tests"
        commands = {
            "haproxy": [binary, "-db", "-f", file, *(["-L", name] if name else [])],
            "nginx": [binary, "-p", folder, "-e", self.folder / "error.log", "-c", file, "-g", "daemon off;" + (
                "" if is_shipped else f"pid {self.folder / 'pid'};")],
        }
        self.log = (self.folder / "proxy.log").open("wb")
        self.process = subprocess.Popen(commands[program], stdout=self.log, stderr=self.log)
        self.until_open()

    def until_open(self):
        deadline = time.monotonic() + 10
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return
            except OSError:
                text = (self.folder / "proxy.log").read_text()
                assert self.process.poll() is None, f"{self.kind} does not start:\n{text}"
                assert time.monotonic() < deadline, f"{self.kind} does not listen:\n{text}"
                time.sleep(0.05)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def channel(self, client_key=None, client_certificate=None):
        """A connection of its own."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 8 << 20)]
        if self.root is None:
            return grpc.insecure_channel(self.address, options)
        credentials = grpc.ssl_channel_credentials(self.root, client_key, client_certificate)
        return grpc.secure_channel(f"localhost:{self.port}", credentials, options)

    def ask(self, command):
        """What HAProxy answers on its socket."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.folder / "admin.sock"))
            control.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: control.recv(65536), b"")).decode()

    def stats(self, field="status"):
        """What HAProxy knows of its servers, by name."""
        head, *lines = self.ask("show stat").lstrip("# ").splitlines()
        rows = [line.split(",") for line in lines if line.startswith("patchbay,patchbay-")]
        return {row[1]: row[head.split(",").index(field)] for row in rows}

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


@contextlib.contextmanager
def edge(*arguments, **more):
    proxy = Edge(*arguments, **more)
    try:
        yield proxy
    finally:
        proxy.close()
