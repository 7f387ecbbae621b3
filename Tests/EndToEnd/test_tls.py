"""TLS as a client, and an attacker, sees it."""

import shutil
import socket
import ssl
import subprocess
import threading
import time

import grpc
import pytest
import yaml

from caller import Caller
from conftest import TENANT_A, configuration
from gateway import SLOW, run
from schemas import SESSION_START

CALLS = 50


class Authority:
    """A certificate authority of a test, in a folder of its own."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        folder.mkdir(exist_ok=True)
        self.openssl("req", "-x509", *self.key(f"{name}.key"), "-days", "2", "-subj", f"/CN={name}",
                     "-out", f"{name}.pem")
        self.root = (folder / f"{name}.pem").read_bytes()

    @staticmethod
    def key(file):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, file, subject, names=""):
        """Makes FILE.key and FILE.pem."""
        self.openssl("req", *self.key(f"{file}.key"), "-subj", subject, "-out", f"{file}.csr")
        (self.folder / f"{file}.ext").write_text(f"subjectAltName={names}\n" if names else "basicConstraints=CA:FALSE\n")
        self.openssl("x509", "-req", "-in", f"{file}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key",
                     "-CAcreateserial", "-days", "2", "-extfile", f"{file}.ext", "-out", f"{file}.pem")
        (self.folder / f"{file}.key").chmod(0o600)
        return [(self.folder / f"{file}.{kind}").read_bytes() for kind in ("key", "pem")]


@pytest.fixture
def authority(tmp_path):
    made = Authority(tmp_path / "tls", "ca")
    made.issue("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    return made


@pytest.fixture
def start(own_gateway, authority):
    """Starts a server with the authority's certificate."""

    def starting(**tls):
        files = {"certificate": str(authority.folder / "server.pem"), "key": str(authority.folder / "server.key")}
        gateway = own_gateway(listen={"address": "127.0.0.1:0", "tls": files | tls})
        gateway.root = authority.root
        return gateway

    return starting


def handshake(gateway, authority, alpn=("h2",), version=None):
    """The cipher, the protocol and the certificate that a handshake of our own ends with."""
    context = ssl.create_default_context(cadata=authority.root.decode())
    context.set_alpn_protocols(list(alpn))
    if version:
        context.minimum_version = context.maximum_version = version
    host, port = gateway.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secured:
            secured.settimeout(10)
            first = secured.recv(9) if secured.selected_alpn_protocol() != "h2" else b"-"
            return secured.version(), secured.cipher()[0], secured.selected_alpn_protocol(), first


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_a_modern_client_gets(start, authority, version):
    """H17: TLS 1.2 and 1.3, h2, an AEAD cipher over an ephemeral key."""
    name, cipher, protocol, _ = handshake(start(), authority, version=version)
    assert protocol == "h2" and name == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
    assert cipher.startswith("TLS_") or cipher.startswith("ECDHE-") and "GCM" in cipher, cipher


@pytest.mark.parametrize("alpn", [("http/1.1",), ("grpc-x",)])
def test_alpn_is_required(start, authority, alpn):
    """H17: a client that does not speak h2 is not served: its connection is closed without a word."""
    gateway = start()
    try:
        _, _, protocol, first = handshake(gateway, authority, alpn=alpn)
        assert protocol is None and first == b"", "no HTTP/2 to a client that has not asked for it"
    except (ssl.SSLError, ConnectionError):
        pass  # refused within the handshake, or reset
    handshake(gateway, authority)


@pytest.mark.skipif(not shutil.which("sslscan"), reason="sslscan is not installed")
def test_sslscan(start):
    """H17: no protocol below 1.2, no cipher that is not AEAD over ECDHE, no renegotiation, no compression."""
    gateway = start()
    said = subprocess.run(
        ["sslscan", "--no-colour", gateway.address.replace("127.0.0.1", "localhost")], capture_output=True, text=True,
        timeout=60).stdout
    for old in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
        assert f"{old:<10}disabled" in said.replace("     ", " " * (10 - len(old))) or f"{old} " in said, said
        assert not [x for x in said.splitlines() if x.startswith(old) and "enabled" in x], said
    assert "Session renegotiation not supported" in said, said
    ciphers = [x.split()[4] for x in said.splitlines() if x.startswith(("Preferred", "Accepted"))]
    assert len(ciphers) >= 4, said
    assert all(c.startswith("TLS_") or c.startswith("ECDHE-") and ("GCM" in c or "CHACHA20" in c) for c in ciphers), ciphers
    assert "not vulnerable to heartbleed" in said and "  vulnerable" not in said


def test_a_certificate_swap_under_calls(start, authority, issuer):
    """H17: a new certificate is used by new connections within 5 s, and none of 50 live calls is dropped."""
    gateway = start()
    token = issuer.token(TENANT_A)
    channels = [gateway.channel() for _ in range(5)]
    callers = [Caller(channels[n % 5], token, TENANT_A["org"], "demo-chunk", "chunk") for n in range(CALLS)]
    starting = [threading.Thread(target=caller.start) for caller in callers]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    lines = [caller.open(caller.request(), half_close=False) for caller in callers]
    new = Authority(authority.folder / "new", "ca2")
    new.issue("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    for file in ("server.key", "server.pem"):  # as a certificate tool does: one after the other
        (new.folder / file).rename(authority.folder / file)
    swapped = time.monotonic()

    def is_used():
        try:
            return handshake(gateway, new)
        except ssl.SSLError:
            return None

    gateway.until(is_used, "shows the new certificate")
    took = time.monotonic() - swapped
    print(f"the new certificate is used after {took:.2f} s")
    assert took < (30 if SLOW else 5)
    with pytest.raises(ssl.SSLError):
        handshake(gateway, authority)
    assert not [line.code for line in lines if line.done.is_set()], "no open RPC of a live call ends"
    for line in lines:
        line.half_close()
    assert not [line.code for line in lines if line.wait().code is not grpc.StatusCode.OK]
    for caller in callers:
        caller.hang_up()
    for channel in channels:
        channel.close()


def test_a_broken_certificate_keeps_the_old_one(start, authority, issuer):
    """H17: a certificate that is none, or not the key's, is reported, and the old one goes on."""
    gateway = start()
    good = (authority.folder / "server.pem").read_text()
    for broken in ("nothing\n", (authority.folder / "ca.pem").read_text()):
        (authority.folder / "server.pem").write_text(broken)
        time.sleep(1.2)
        assert handshake(gateway, authority)[2] == "h2"
    with gateway.channel() as channel:
        Caller(channel, issuer.token(TENANT_A), TENANT_A["org"], "demo-wav").start()
    assert "the TLS files stay as they were" in gateway.log and "holds no PEM CERTIFICATE" in gateway.log
    (authority.folder / "server.pem").write_text(good)


def test_client_certificates(start, authority, issuer, tmp_path):
    """H17: only a certificate of the configured root with an allowed name, in its subject or as an alternative name;
    another name, another authority and none at all are refused, whatever the token."""
    other = Authority(tmp_path / "other", "other-ca")
    gateway = start(
        client_ca=str(authority.folder / "ca.pem"), client_names=["*.ccservice.example.com", "caller.example.org"])
    token = issuer.token(TENANT_A)
    cases = {
        "subject": (authority.issue("a", "/O=Example/CN=media.ccservice.example.com"), "OK"),
        "alternative name": (authority.issue("b", "/CN=someone", "DNS:x.example,DNS:caller.example.org"), "OK"),
        "wrong name": (authority.issue("c", "/CN=ccservice.example.com", "DNS:a.b.ccservice.example.com"), "UNAUTHENTICATED"),
        "other authority": (other.issue("d", "/CN=media.ccservice.example.com"), "UNAVAILABLE"),
        "none": ((None, None), "UNAVAILABLE"),
    }
    for name, ((key, certificate), code) in cases.items():
        with gateway.channel(key, certificate) as channel:
            interaction = Caller(channel, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
            assert interaction.done.wait(20), name
            assert interaction.code is grpc.StatusCode[code], f"{name}: {interaction.code}"


def test_an_open_key_is_refused(authority, issuer, tmp_path):
    """S6: a key that group or others can read ends the start with 78 and with what to do."""
    (authority.folder / "server.key").chmod(0o640)
    tls = {"certificate": str(authority.folder / "server.pem"), "key": str(authority.folder / "server.key")}
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(configuration(issuer, listen={"address": "127.0.0.1:0", "tls": tls})))
    for command in (("serve", "--config", file), ("config", "check", "--config", file)):
        ended = run(*command)
        assert ended.returncode == 78, ended.stderr
        assert f"chmod 600 {authority.folder}/server.key" in ended.stdout + ended.stderr
