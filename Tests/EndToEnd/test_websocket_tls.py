"""TLS of the WebSocket port: what clients get, new certificates under a live call, clients' certificates."""

import json
import re
import socket
import ssl
import time

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from conftest import TENANT_A, configuration
from gateway import SLOW, Gateway, run
from socket_caller import SOCKET_SCHEMA, SocketCaller, headers
from speech import likeness, prompt
from test_tls import Authority

ORIGIN = TENANT_A | {"url": "wss://localhost"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("websocket-tls")
    made = Authority(folder / "tls", "ca")
    made.issue("server", "/CN=localhost", "DNS:localhost")
    made.issue("client", "/CN=client", "DNS:orchestrator.example.com")
    made.issue("stranger", "/CN=stranger", "DNS:stranger.example.org")
    made.other = Authority(folder / "other", "other")
    made.other.issue("client", "/CN=client", "DNS:orchestrator.example.com")
    return made


@pytest.fixture(scope="module")
def start(tmp_path_factory, issuer, authority):
    started = []

    def starting(**tls):
        files = {"certificate": str(authority.folder / "server.pem"), "key": str(authority.folder / "server.key")}
        settings = configuration(issuer)
        entry = dict(settings["identity"]["tenants"][0])
        settings["identity"]["tenants"].append(entry | {"url": ORIGIN["url"]})
        settings |= {"websocket": {"address": "127.0.0.1:0", "tls": files | tls}}
        gateway = Gateway(tmp_path_factory.mktemp("websocket-tls"), settings)
        gateway.settings = settings
        gateway.socket_address = gateway.printed("websocket on")
        started.append(gateway)
        return gateway

    yield starting
    for gateway in started:
        gateway.stop()


@pytest.fixture(scope="module")
def server(start):
    return start()


@pytest.fixture
def socket_token(issuer):
    return issuer.token(ORIGIN, **{"com.cisco.datasource.schema.uuid": SOCKET_SCHEMA})


def trusting(authority, own=None, version=None):
    context = ssl.create_default_context(cadata=authority.root.decode())
    if own:
        context.load_cert_chain(own.with_suffix(".pem"), own.with_suffix(".key"))
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def secured(gateway, context):
    host, port = gateway.socket_address.rsplit(":", 1)
    return context.wrap_socket(socket.create_connection((host, int(port)), 10), server_hostname="localhost")


def call(gateway, token, context):
    return SocketCaller(gateway.socket_address, token, TENANT_A["org"], "demo-wav", ssl=context,
                        server_hostname="localhost")


def failed_handshakes(gateway, reason):
    found = re.search(rf'patchbay_tls_handshakes_failed_total{{listener="[^"]*",reason="{reason}"}} (\d+)',
                      gateway.get("/metrics")[1])
    return int(found[1]) if found else 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_call_over_tls(server, authority, socket_token, version):
    """H17: 1.2 and 1.3, an AEAD cipher over an ephemeral key; the same call as in plaintext."""
    context = trusting(authority, version=version)
    with secured(server, context) as line:
        cipher = line.cipher()[0]
        assert cipher.startswith("TLS_") or cipher.startswith("ECDHE-") and "GCM" in cipher, cipher
    with call(server, socket_token, context) as caller:
        assert likeness(caller.start().audio, prompt("greeting")) > 0.9
        assert likeness(caller.press("7").audio, prompt("digit-7")) > 0.9
        caller.event("SESSION_END")
        assert caller.closed() == 1000


def test_what_is_no_good_handshake_is_counted(server, authority, socket_token):
    host, port = server.socket_address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as plain:
        plain.sendall(b"GET /v1/va HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert not plain.recv(4096).startswith(b"HTTP"), "no answer in plaintext"
    server.until(lambda: failed_handshakes(server, "not-tls") == 1, "counts plaintext")
    with pytest.raises(ssl.SSLError):
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("AES128-SHA")
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        secured(server, old)
    server.until(lambda: failed_handshakes(server, "version") == 1, "counts a weak cipher")
    with pytest.raises(ssl.SSLError):
        secured(server, trusting(authority.other))
    server.until(lambda: failed_handshakes(server, "refused-by-client") == 1, "counts a client that does not trust it")
    # What is served besides sockets, with the end of the connection announced.
    with secured(server, trusting(authority)) as line:
        line.sendall(b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while more := line.recv(4096):
            answer += more
        assert answer.startswith(b"HTTP/1.1 404 ") and answer.endswith(b"there is nothing here\n")


def test_a_new_certificate_under_a_live_call(start, authority, socket_token):
    """H17: new connections get it within 5 s; a call that is up goes on; half of a pair changes nothing."""
    server = start()
    with call(server, socket_token, trusting(authority)) as caller:
        caller.start()
        new = Authority(authority.folder.parent / "new", "ca2")
        new.issue("server", "/CN=localhost", "DNS:localhost")
        old = {kind: (authority.folder / f"server.{kind}").read_bytes() for kind in ("key", "pem")}
        try:
            (authority.folder / "server.key").write_bytes((new.folder / "server.key").read_bytes())
            server.until(lambda: "the TLS files stay as they were" in server.log, "refuses half of a pair")
            secured(server, trusting(authority)).close()
            (authority.folder / "server.pem").write_bytes((new.folder / "server.pem").read_bytes())
            began = time.monotonic()

            def is_used():
                try:
                    secured(server, trusting(new)).close()
                    return True
                except ssl.SSLError:
                    return False

            server.until(is_used, "uses the new certificate")
            assert time.monotonic() - began < 5 * (6 if SLOW else 1)
        finally:
            for kind, text in old.items():
                (authority.folder / f"server.{kind}").write_bytes(text)
        assert likeness(caller.press("3").audio, prompt("digit-3")) > 0.9
    certificates = json.loads(server.get("/status")[1])["certificates"]
    assert [c["listener"] for c in certificates] == ["websocket 127.0.0.1:0"] and certificates[0]["secondsLeft"] > 0


def test_client_certificates(start, authority, socket_token):
    """One of the authority's is needed, with one of the names."""
    server = start(client_ca=str(authority.folder / "ca.pem"), client_names=["*.example.com"])
    for own, reason in [(None, "no-certificate"), (authority.other.folder / "client", "bad-certificate")]:
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            with secured(server, trusting(authority, own)) as line:
                line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                if not line.recv(100):
                    raise EOFError
        server.until(lambda: failed_handshakes(server, reason) == 1, f"counts {reason}")
    with pytest.raises(InvalidStatus) as refused:
        with connect(f"wss://{server.socket_address}/v1/va", ssl=trusting(authority, authority.folder / "stranger"),
                     server_hostname="localhost", additional_headers=headers(socket_token)):
            pass
    assert refused.value.response.status_code == 401
    assert b"none of the names" in refused.value.response.body
    with call(server, socket_token, trusting(authority, authority.folder / "client")) as caller:
        assert likeness(caller.start().audio, prompt("greeting")) > 0.9


def test_files_that_cannot_serve_are_refused(tmp_path, issuer, authority):
    """As those of the gRPC port are, and the host of the tenant is the one that is registered with `wss`."""
    settings = configuration(issuer)
    settings["identity"]["tenants"][0]["url"] = "wss://voice.example.com"
    settings["websocket"] = {"address": "127.0.0.1:0", "tls": {
        "certificate": str(authority.folder / "server.pem"), "key": str(authority.folder / "client.key")}}
    file = tmp_path / "patchbay.yaml"

    def check():
        file.write_text(json.dumps(settings))
        return run("config", "check", "--config", file)

    refused = check()
    assert refused.returncode == 78 and "is not the certificate of the key" in refused.stderr, refused.stderr
    settings["websocket"]["tls"]["key"] = str(authority.folder / "server.key")
    warned = check()
    assert warned.returncode == 0, warned.stderr
    assert f"does not name voice.example.com (the host of {TENANT_A['name']}'s url), but localhost" in warned.stderr
    settings["websocket"] = {"address": "0.0.0.0:8443"}
    bare = check()
    assert bare.returncode == 78 and "in plaintext on 0.0.0.0:8443" in bare.stderr, bare.stderr
