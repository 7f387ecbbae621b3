"""The admin port: what it reads before it knows who asks, and what its token has to be."""

import contextlib
import os
import resource
import socket
import time

import pytest
import yaml

from attacks import processor_seconds
from conftest import configuration
from gateway import run

TOKEN = "0123456789abcdef0123456789abcdef"
HANG_UP = "/2010-04-01/Accounts/a/Calls/c.json"


@pytest.fixture
def admin(own_gateway, tmp_path):
    """The address of an admin port that has a token."""
    secret = tmp_path / "admin.token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    gateway = own_gateway(admin={"address": "127.0.0.1:0", "token_file": str(secret)})
    host, port = gateway.admin.rsplit(":", 1)
    yield host, int(port)
    assert gateway.process.poll() is None


def head(path, *fields):
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *fields, "", "")).encode()


def answer(connection):
    connection.settimeout(3)
    return connection.recv(65536).decode()


@pytest.mark.parametrize("path", ["/revocations", HANG_UP])
@pytest.mark.parametrize("length", ["Content-Length: 10000000000", "Transfer-Encoding: chunked"])
def test_who_shows_no_token_is_not_listened_to(admin, path, length):
    """The head alone is refused: not a byte of the body is waited for."""
    with socket.create_connection(admin, 3) as connection:
        connection.sendall(head(path, length))
        assert answer(connection).startswith("HTTP/1.1 401 ")


def test_a_wrong_token_is_refused_before_the_body(admin):
    with socket.create_connection(admin, 3) as connection:
        connection.sendall(head("/revocations", "Authorization: Bearer wrong", "Content-Length: 5000"))
        assert answer(connection).startswith("HTTP/1.1 401 ")


def test_a_foreign_page_changes_nothing(admin):
    """A browser may have the credentials; it says where the page is from."""
    host, port = admin
    own, token = f"Host: {host}:{port}", f"Authorization: Bearer {TOKEN}"
    for origin, status in [("https://evil.example", 403), ("null", 403), (f"http://{host}:{port}", 202)]:
        with socket.create_connection(admin, 3) as connection:
            fields = [own, token, f"Origin: {origin}", "Content-Length: 0"]
            connection.sendall("\r\n".join(["POST /reload HTTP/1.1", *fields, "", ""]).encode())
            assert answer(connection).startswith(f"HTTP/1.1 {status} "), origin


def test_a_body_that_is_announced_too_long_is_refused_at_once(admin):
    with socket.create_connection(admin, 3) as connection:
        connection.sendall(head("/revocations", f"Authorization: Bearer {TOKEN}", "Content-Length: 1000000"))
        assert answer(connection).startswith("HTTP/1.1 413 ")


def test_a_body_without_end_is_cut_off(admin):
    """A body in chunks tells no length: beyond the bound the connection is over."""
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    sent = 0
    with socket.create_connection(admin, 3) as connection:
        connection.sendall(head("/revocations", f"Authorization: Bearer {TOKEN}", "Transfer-Encoding: chunked"))
        with pytest.raises(OSError):
            for _ in range(2000):
                connection.sendall(chunk)
                sent += len(chunk)
                time.sleep(0.001)
    assert sent < 1_000_000, "some of it may lie in the sockets' buffers, and no more"


@pytest.mark.measured
def test_nobody_is_accepted_for_a_moment_when_files_run_out(own_gateway):
    """Connections wait in the kernel meanwhile, the server does not spin, and they are answered once there is room."""
    gateway = own_gateway(limits={"connections": {"trusted": []}})
    host, port = gateway.admin.rsplit(":", 1)
    pid = gateway.process.pid

    def limit(files):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, before[1]))

    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    # Free numbers below the highest are taken first. Then an accept fails that has accepted nobody before.
    free = highest + 1 - len(os.listdir(f"/proc/{pid}/fd"))
    limit(highest + 1)
    with contextlib.ExitStack() as stack:

        def connect():
            return stack.enter_context(socket.create_connection((host, int(port)), 3))

        for _ in range(free):
            connect()
        gateway.until(lambda: len(os.listdir(f"/proc/{pid}/fd")) == highest + 1, "has as many files as it may have")
        last = [connect() for _ in range(8)][-1]
        last.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        last.settimeout(0.5)
        spent = processor_seconds(gateway.process)
        with pytest.raises(TimeoutError):
            last.recv(1)
        assert processor_seconds(gateway.process) - spent < 0.25
        limit(before[0])
        assert answer(last).startswith("HTTP/1.1 200 ")
        assert gateway.get("/livez")[0] == 200


@pytest.mark.parametrize("command", [("config", "check"), ("serve",)])
@pytest.mark.parametrize("address,token,says", [
    ("127.0.0.1:0", "", "is empty"),
    ("127.0.0.1:0", "\n", "is empty"),
    ("0.0.0.0:0", "x", "could guess it"),
    ("0.0.0.0:0", TOKEN[:15], "could guess it"),
])
def test_a_token_that_protects_nothing(tmp_path, issuer, command, address, token, says):
    """`config check` and `serve` refuse it alike, with 78 and a sentence."""
    secret = tmp_path / "admin.token"
    secret.write_text(token)
    secret.chmod(0o600)
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(configuration(issuer, admin={"address": address, "token_file": str(secret)})))
    ended = run(*command, "--config", file)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 78, said
    assert str(secret) in said and says in said and 'file("' not in said, said


def test_a_short_token_will_do_on_loopback(tmp_path, issuer):
    secret = tmp_path / "admin.token"
    secret.write_text("x")
    secret.chmod(0o600)
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(
        configuration(issuer, admin={"address": "127.0.0.1:0", "token_file": str(secret)})))
    assert run("config", "check", "--config", file).returncode == 0
