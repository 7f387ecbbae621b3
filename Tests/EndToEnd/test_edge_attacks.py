"""Attacks on the shipped HAProxy: those it is there to stop cost no caller a turn. `Scripts/attacks` plays all of them."""

import contextlib
import json
import re
import subprocess
import sys
import time

import grpc
import pytest

import attack_bytes
from attacks import HERE, first_flight
from attack_bytes import message, session_start
from caller import Caller
from conftest import TENANT_A
from edge import EXAMPLES
from frames import END_STREAM, DATA, FrameClient, frame
from issuer import new_key
from schemas import PROCESS_CALLER_INPUT, SESSION_START

# One of each kind: frames, header blocks, messages, connections, RPCs.
PLAYED = [
    "rapid reset, without a token", "rapid reset, with a refused token", "CONTINUATION without end", "HPACK bomb",
    "1,000 MB declared on every method, without a token", "1,000 connections of one address",
    "TLS byte by byte", "flood: GOAWAY", "flood: PING", "flood: empty DATA", "metadata of every wrong kind",
    "100,000 RPCs with random conversation ids, without a token",
]


@pytest.fixture
def attack(tmp_path):
    """Starts an attack of some seconds from an address of its own; each is at its end when the test is."""
    started = []

    def start(one, proxy, seconds=3):
        number = len(started) + 1
        file = tmp_path / f"plan{number}.json"
        file.write_text(json.dumps(one.plan(
            proxy.address, tmp_path / f"bytes{number}", seconds, [f"127.9.{number}.{n + 1}" for n in range(16)])))
        started.append(subprocess.Popen(
            [sys.executable, HERE / "attack_sender.py", file], stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def refused(issuer):
    """A token as good as any but for its signature."""
    return issuer.token(TENANT_A, key=new_key("a stranger"))


def came_of(process):
    return json.loads(process.communicate(timeout=60)[0])


def test_calls_beside_attacks(through, own_gateway, token, refused, attack):
    """H1-H12 through the edge: attacks of each kind, one after the other, and every turn of a live call is heard."""
    gateway = own_gateway()
    proxy = through("haproxy-shipped", gateway)
    every = {one.name: one for one in attack_bytes.attacks(token, refused, TENANT_A["org"], first_flight())}
    with proxy.channel() as channel:
        callers = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(2)]
        for caller in callers:
            assert caller.start().audio.seconds > 0.5
        for name in PLAYED:
            process = attack(every[name], proxy, 1)
            turns = 0
            while process.poll() is None or turns < 2:
                for caller in callers:
                    assert caller.press("1").audio.seconds > 0.3, name
                turns += 1
            assert came_of(process)["opened"] > 0, f"{name} was not played"
        for caller in callers:
            caller.hang_up()
    assert gateway.process.poll() is None and gateway.get("/readyz")[0] == 200


def rpcs(address, source, token, count):
    """So many RPCs, each of a conversation of its own, from some address; gives the client that made them."""
    client = FrameClient(address, tls=True, source=source)
    with contextlib.suppress(OSError):  # it may be cut off
        for _ in range(count):
            client.send(client.headers(PROCESS_CALLER_INPUT, ("authorization", token)) + frame(
                DATA, END_STREAM, client.stream, message(session_start(TENANT_A["org"]))))
            if client.closed.is_set():
                break
            if client.stream % 200 == 1:
                time.sleep(0.05)
    return client


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # ssl leaks a socket that is reset
def test_strangers_push_no_call_out(through, own_gateway, token, refused):
    """RPCs whose token is refused take no place in the table: live calls stay with their server, however many there are."""
    servers = [own_gateway(), own_gateway()]
    proxy = through("haproxy-shipped", *servers, changes=[
        ("size 200k", "size 20"), ("size 50k", "size 20"), ("sc0_gpc1_rate gt 100", "sc0_gpc1_rate gt 100000")])
    servers[0].until(lambda: set(proxy.stats().values()) == {"UP"}, "is up for the proxy")
    with proxy.channel() as one, proxy.channel() as other:
        callers = [Caller(one, token, TENANT_A["org"], "demo-wav") for _ in range(10)]
        for caller in callers:
            assert caller.start().audio.seconds > 0.5
        for source in ("127.9.8.1", "127.9.8.2"):
            rpcs(proxy.address, source, refused, 400).close()
        assert proxy.ask("show table patchbay").count(" key=") == len(callers)
        for caller in callers:
            caller.channel = other
            assert caller.start().audio.seconds == 0, "greeted before: still the same server"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_address_that_is_refused_too_often(through, plain_gateway, token, refused):
    """Over 2,000 refused RPCs in ten seconds end an address's connections, and it gets no new ones; others do."""
    proxy = through("haproxy-shipped", plain_gateway, changes=[
        ("sc0_gpc0_rate gt 2000", "sc0_gpc0_rate gt 200"), ("sc0_gpc1_rate gt 100", "sc0_gpc1_rate gt 100000")])
    for _ in range(5):  # the count of the last ten seconds may fall between the end of one connection and the next
        client = rpcs(proxy.address, "127.9.9.1", refused, 5000)
        assert client.closed.wait(10)
        client.close()
        again = FrameClient(proxy.address, tls=True, source="127.9.9.1")
        is_refused = again.closed.wait(1)
        again.close()
        if is_refused:
            break
    else:
        pytest.fail("new connections are still taken")
    with proxy.channel() as channel:
        assert Caller(channel, token, TENANT_A["org"], "demo-wav").start().audio.seconds > 0.5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_rush_of_new_calls(through, own_gateway, token):
    """An address that begins too many calls in a second is refused the rest, before a server checks a token; its live
    calls go on."""
    gateway = own_gateway()
    # A fifth of the shipped limit: it is exceeded on the slowest of machines.
    proxy = through("haproxy-shipped", gateway, changes=[("sc0_gpc1_rate gt 100", "sc0_gpc1_rate gt 20")])
    with proxy.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        client = rpcs(proxy.address, "127.0.0.1", token, 1000)
        caller.press("1")
        client.close()
    gateway.until(lambda: "patchbay_conversations_started_total" in gateway.get("/metrics")[1], "counts")
    started = re.findall(r"^patchbay_conversations_started_total(?:\{.*\})? (\d+)", gateway.get("/metrics")[1], re.M)
    assert 1 <= sum(map(int, started)) < 900, started


@pytest.mark.parametrize("kind", ["haproxy-shipped", "nginx-shipped"])
def test_without_a_token(through, own_gateway, kind, expect):
    """An RPC without a token is UNAUTHENTICATED at the edge already; the health services are open."""
    gateway = own_gateway()
    proxy = through(kind, gateway)
    with proxy.channel() as channel:
        expect(Caller(channel, None, TENANT_A["org"], "demo-wav").event(SESSION_START), "UNAUTHENTICATED")
        health = channel.unary_unary("/com.cisco.wcc.ccai.v1.Health/Check")(b"", timeout=10)
        assert health
    assert "ProcessCallerInput" not in gateway.log


def test_a_first_message_that_never_comes(through, plain_gateway, token):
    """H8: an RPC that says nothing ends without having reached a server, and leaves its connection's others alone."""
    proxy = through("haproxy-shipped", plain_gateway, changes=[("wait-for-body time 5s", "wait-for-body time 500ms")])
    with proxy.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        line = caller.listen()
        silent = Caller(channel, token, TENANT_A["org"], "demo-wav").open(half_close=False)
        assert silent.done.wait(10) and silent.code is grpc.StatusCode.UNKNOWN, silent.code  # HTTP 408
        assert not line.done.is_set(), line.code
        line.cancel()
        caller.press("1")


def with_client_certificates(certificates):
    """The shipped file's other form: the lines for client certificates in place of the plain bind."""
    lines = (EXAMPLES / "haproxy.cfg").read_text().splitlines()
    plain = next(line for line in lines if line.startswith("  bind :443"))
    marked = [line for line in lines if line.startswith(("  # bind :443", "  # http-request reject unless { ssl_c"))]
    assert len(marked) == 2
    changes = [(line, "  " + line[4:]) for line in marked] + [(plain + "\n", "")]
    return changes[::-1] + [("/etc/haproxy/client-ca.pem", str(certificates / "ca.pem"))]


@pytest.mark.parametrize("name", ["client", "other", None])
def test_client_certificates(through, plain_gateway, certificates, token, name, tmp_path):
    """With the lines for client certificates, callers need one that the authority signed, and a name of the platform's."""
    proxy = through("haproxy-shipped", plain_gateway, changes=with_client_certificates(certificates))
    key = certificate = None
    if name == "client":
        key, certificate = (certificates / f"client.{kind}" for kind in ("key", "pem"))
    elif name == "other":
        key, certificate = tmp_path / "other.key", tmp_path / "other.pem"
        for arguments in (
                ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                 tmp_path / "other.csr", "-subj", "/CN=else.example.com"],
                ["x509", "-req", "-in", tmp_path / "other.csr", "-CA", certificates / "ca.pem", "-CAkey",
                 certificates / "ca.key", "-CAcreateserial", "-days", "2", "-out", certificate]):
            subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    with proxy.channel(*(one and one.read_bytes() for one in (key, certificate))) as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        if name == "client":
            assert caller.start().audio.seconds > 0.5
            return
        refused = caller.event(SESSION_START)
        assert refused.done.wait(10)
        # No connection at all, or one that ends with ENHANCE_YOUR_CALM.
        assert refused.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED), refused.code
