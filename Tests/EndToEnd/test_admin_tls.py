"""TLS of the admin port: what is served over it, new certificates, the phone, and the commands that ask the port."""

import json
import re
import socket
import ssl

import pytest
from websockets.sync.client import connect

from conftest import agent, configuration
from gateway import run
from test_tls import Authority

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def authority(tmp_path):
    """Its certificate proves a wildcard alone: the port is reached by an address that the certificate does not name."""
    made = Authority(tmp_path / "tls", "ca")
    made.issue("admin", "/CN=admin", "DNS:*.ops.example.com,DNS:localhost")
    return made


@pytest.fixture
def server(own_gateway, tmp_path, authority):
    secret = tmp_path / "admin.token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    tls = {"certificate": str(authority.folder / "admin.pem"), "key": str(authority.folder / "admin.key")}
    # The root as well, for clients that accept no other end of a chain.
    with (authority.folder / "admin.pem").open("ab") as file:
        file.write(authority.root)
    gateway = own_gateway(
        identity={"development": True}, agents=[agent("wav", "wav", {"kind": "demo"}, default=True)],
        admin={"address": "127.0.0.1:0", "token_file": str(secret), "tls": tls})
    return gateway


def command(server, *arguments, **more):
    return run(*arguments, "--config", server.file, "--admin", server.admin, **more)


def test_the_port_speaks_tls_only(server, authority):
    """Health without the token, the rest with it; plaintext gets no answer and is counted; the commands follow."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert server.get("/readyz")[0] == 200 and server.get("/status")[0] == 401
    status = json.loads(server.get("/status", headers=bearer)[1])
    assert [one["listener"] for one in status["certificates"]] == ["admin 127.0.0.1:0"] and "/phone" in status["pages"]
    host, port = server.admin.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as plain:
        plain.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert not plain.recv(4096).startswith(b"HTTP"), "no answer in plaintext"

    def counted():
        return re.search(r'handshakes_failed_total{listener="admin 127.0.0.1:0",reason="not-tls"} 1',
                         server.get("/metrics", headers=bearer)[1])
    server.until(counted, "counts plaintext")

    asked = run("ready", "--admin", server.admin)
    assert (asked.returncode, asked.stdout) == (0, "ready\n"), asked.stderr
    verified = command(server, "token", "verify", "-", given="not.a.token")
    assert "asked: the running server" in verified.stdout and verified.returncode == 1, verified.stderr
    alone = command(server, "cluster", "status")
    assert alone.returncode == 1 and "is in no cluster" in alone.stderr, "the server was asked"
    assert server.ask("POST", "/drain", headers=bearer)[0] in (200, 202)
    assert server.wait() == 0


def test_another_servers_certificate_is_not_trusted(server, authority, tmp_path):
    """The token does not go to whoever answers: only the configuration's own certificate is trusted."""
    other = Authority(tmp_path / "other", "other")
    other.issue("admin", "/CN=admin", "DNS:*.ops.example.com")
    settings = json.loads(json.dumps(configuration_of(server)))
    settings["admin"]["tls"] = {"certificate": str(other.folder / "admin.pem"), "key": str(other.folder / "admin.key")}
    file = tmp_path / "other.yaml"
    file.write_text(json.dumps(settings))
    refused = run("token", "verify", "-", "--config", file, "--admin", server.admin, given="not.a.token")
    assert refused.returncode == 1 and "another certificate than `admin.tls` names" in refused.stderr


def test_new_files_are_used_and_the_phone_calls_over_wss(server, authority, tmp_path):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    new = Authority(tmp_path / "new", "ca2")
    new.issue("admin", "/CN=admin", "DNS:localhost")
    (authority.folder / "admin.key").write_bytes((new.folder / "admin.key").read_bytes())
    (authority.folder / "admin.pem").write_bytes((new.folder / "admin.pem").read_bytes() + new.root)

    def is_used():
        try:
            return server.get("/livez")[0] == 200
        except ssl.SSLError:
            return False
    server.until(is_used, "uses the new certificate")
    ticket = server.ask("POST", "/phone/ticket", headers=bearer)[1].strip()
    context = ssl.create_default_context(cafile=server.admin_root)
    port = server.admin.rsplit(":", 1)[1]
    with connect(f"wss://localhost:{port}/phone/socket?ticket={ticket}", ssl=context,
                 origin=f"https://localhost:{port}") as phone:
        phone.send(json.dumps({"type": "call", "organization": "00000000-0000-4000-8000-000000000000", "agent": ""}))
        said = (json.loads(message) for message in phone if isinstance(message, str))
        assert next(one for one in said if one["type"] == "refused" or one.get("kind") == "promptBegins")["type"] == "event"


def test_what_config_check_says_of_it(tmp_path, issuer, authority):
    """A pair that does not fit is refused; the end is warned of, and not that an authority of one's own has issued it."""
    file = tmp_path / "patchbay.yaml"
    authority.issue("another", "/CN=another", "DNS:localhost")

    def check(key):
        tls = {"certificate": str(authority.folder / "admin.pem"), "key": str(authority.folder / key)}
        file.write_text(json.dumps(configuration(issuer, admin={"address": "127.0.0.1:0", "tls": tls})))
        return run("config", "check", "--config", file)

    refused = check("another.key")
    assert refused.returncode == 78 and "is not the certificate of the key" in refused.stderr
    good = check("admin.key")
    assert good.returncode == 0 and "admin on 127.0.0.1:0 (TLS)" in good.stdout
    assert "admin.pem: ends in " in good.stderr and good.stderr.count("warning") == 1


def test_a_server_that_does_not_answer_is_not_ready():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    asked = run("ready", "--admin", f"127.0.0.1:{port}")
    assert asked.returncode == 1 and "no server answers" in asked.stderr
    assert run("ready", "--admin", "10.0.0.1:8080").returncode == 64


def configuration_of(server):
    import yaml
    return yaml.safe_load(server.file.read_text())
