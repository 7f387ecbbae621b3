"""Clients that would hurt others: their connection or their RPC ends, and nobody else notices."""

import contextlib
import os
import re
import socket
import subprocess
import threading
import time

import grpc
import numpy as np
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from caller import Caller, as_is
from conftest import TENANT_A
from frames import (
    CHECK, CONTINUATION, DATA, END_STREAM, GOAWAY, PING, RST_STREAM, WINDOW_UPDATE, FrameClient, SlowLine, frame,
    prefix,
)
from gateway import SLOW
from schemas import LINEAR16, PROCESS_CALLER_INPUT



def own_address():
    """An address of this machine that is not loopback's; no packet is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, contextlib.suppress(OSError):
        one.connect(("192.0.2.1", 9))
        address = one.getsockname()[0]
        return None if address.startswith("127.") else address


MEGABYTE = 1 << 20
OWN_ADDRESS = own_address()
WAYS = ["plaintext", "tls"]


@pytest.fixture
def attacked(request, own_gateway, certificates):
    """A server of this test's own, in plaintext or with TLS; where an attacker finds it; and whether it speaks TLS."""
    listen = {"address": "0.0.0.0:0" if OWN_ADDRESS else "127.0.0.1:0", "plaintext": True}
    if request.param == "tls":
        listen = {"address": listen["address"], "tls": {
            "certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}}
    gateway = own_gateway(listen=listen)
    port = gateway.address.rsplit(":", 1)[1]
    gateway.address = f"127.0.0.1:{port}"
    return gateway, f"{OWN_ADDRESS or '127.0.0.1'}:{port}", request.param == "tls"


@contextlib.contextmanager
def neighbour(gateway, token):
    """A caller on another connection who presses a key again and again; gives the times that the answers took."""
    times, failures, stop = [], [], threading.Event()
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()

        def press():
            while not stop.is_set():
                began = time.monotonic()
                try:
                    caller.press("1")
                except AssertionError as failure:
                    failures.append(failure)
                times.append(time.monotonic() - began)
                time.sleep(0.02)

        thread = threading.Thread(target=press)
        thread.start()
        try:
            yield times
        finally:
            stop.set()
            thread.join()
    assert not failures, failures[0]


def p99(times):
    return float(np.percentile(times, 99)) * 1000


def resets(client):
    """Streams without a token that are reset at once."""
    burst = b""
    for _ in range(100):
        burst += client.headers(PROCESS_CALLER_INPUT) + frame(RST_STREAM, 0, client.stream, b"\0\0\0\x08")
    return burst


FLOODS = {
    "empty GOAWAY frames": (lambda c: frame(GOAWAY, payload=bytes(8)) * 1000, "goaways"),
    "unknown frames": (lambda c: frame(0xBB, payload=bytes(16_000)) * 8, "control_frames"),
    "empty unknown frames": (lambda c: frame(0xBB) * 1000, "control_frames"),
    "PING": (lambda c: frame(PING, payload=bytes(8)) * 1000, "control_frames"),
    "WINDOW_UPDATE": (lambda c: frame(WINDOW_UPDATE, payload=b"\0\0\0\x01") * 1000, "window_updates"),
    "resets without a token": (resets, "resets"),
}


@pytest.mark.measured
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # ssl leaks a socket that is reset
@pytest.mark.parametrize("attacked", WAYS, indirect=True)
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_frames(attacked, token, name):
    """H1, H11, H13: whoever floods a connection with frames loses it; neighbours wait at most 50 ms longer."""
    gateway, address, tls = attacked
    make, reason = FLOODS[name]
    with neighbour(gateway, token) as times:
        time.sleep(1)
        before = p99(times)
        times.clear()
        with gateway.peak_memory() as growth:
            sent, clients, end = 0, 0, time.monotonic() + 3
            while time.monotonic() < end:  # an attacker comes again
                with contextlib.closing(FrameClient(address, tls)) as client:
                    while not client.closed.is_set() and time.monotonic() < end:
                        sent += client.flood(make(client), 0.01, 180e6 / 8)
                    clients += 1
                    assert client.closed.is_set() or time.monotonic() >= end, "the connection was not closed"
                time.sleep(0.01)
            during = p99(times)
    print(f"{name}: {clients} connections, {sent / 1e6:.1f} MB, neighbours' p99 {before:.0f} -> {during:.0f} ms, "
          f"memory +{growth[0] / MEGABYTE:.1f} MB")
    assert f'connections_closed_total{{reason="{reason}"}} 1' in gateway.get("/metrics")[1]
    assert during - before < 50
    assert growth[0] < 32 * MEGABYTE


@pytest.mark.measured
@pytest.mark.parametrize("attacked", WAYS, indirect=True)
def test_a_header_block_without_end(attacked):
    """H2: a header block of more than 8 further frames closes the connection, and is counted."""
    gateway, address, tls = attacked
    for _ in range(3):  # an address that was closed for frames is refused for a while, before any frame is read
        client = FrameClient(address, tls)
        client.send(client.headers(CHECK, flags=0))
        client.flood(frame(CONTINUATION, 0, client.stream, b"\0\x01a\x01b"), 5)
        assert client.closed.wait(2)
        client.close()
        time.sleep(1)
        if re.search(r'connections_closed_total\{reason="header_block"\} [1-9]', gateway.get("/metrics")[1]):
            return
        time.sleep(10)
    pytest.fail("no connection was closed for its header block")


@pytest.mark.measured
@pytest.mark.parametrize("attacked", WAYS, indirect=True)
def test_a_giant_message_to_the_health_service(attacked):
    """H4: 1,000 MB declared without a token on four connections, and sent as fast as it goes, cost next to nothing."""
    gateway, address, tls = attacked
    health = health_pb2_grpc.HealthStub
    with gateway.channel() as channel, gateway.peak_memory() as growth:
        clients = [FrameClient(address, tls) for _ in range(4)]

        def send(client):
            client.send(client.headers(CHECK) + frame(DATA, 0, client.stream, prefix(1_000_000_000)))
            client.flood(frame(DATA, 0, client.stream, bytes(16_000)), 3)

        threads = [threading.Thread(target=send, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for _ in range(20):  # an honest probe is answered meanwhile
            answer = health(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            time.sleep(0.1)
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
    print(f"1,000 MB declared: peak +{growth[0] / MEGABYTE:.1f} MB")
    assert growth[0] < 4 * 32 * MEGABYTE


@pytest.mark.measured
def test_a_giant_message_of_a_caller(gateway, new_caller):
    """H4: a message that declares too much is RESOURCE_EXHAUSTED when its first bytes are there."""
    caller = new_caller()
    client = FrameClient(gateway.address)
    with gateway.peak_memory() as growth:
        began = time.monotonic()
        client.send(client.headers(PROCESS_CALLER_INPUT, *caller.metadata()) +
                    frame(DATA, 0, client.stream, prefix(100_000_000) + bytes(1000)))
        while b"grpc-status" not in client.received and time.monotonic() < began + 5:
            time.sleep(0.01)
        took = time.monotonic() - began
    assert b"over the limit of" in client.received, client.received
    assert took < 3 and growth[0] < 4 * MEGABYTE
    client.close()


def test_health_requests_that_never_come(gateway):
    """H4: 64 health RPCs that send no message keep no honest one out, and end within a second."""
    waiting = FrameClient(gateway.address)
    for _ in range(64):
        waiting.send(waiting.headers(CHECK))
    with gateway.channel() as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    resets = frame(RST_STREAM, 0, 0, b"")[3:4]
    gateway.until(lambda: waiting.received.count(b"\0\0\x04" + resets) >= 64, "has cancelled all of them", 3)
    waiting.close()


def test_watches_of_one_client(gateway):
    """H13: one connection's Watch streams leave places for honest watchers."""
    greedy = FrameClient(gateway.address)
    for _ in range(300):
        greedy.send(greedy.headers("/grpc.health.v1.Health/Watch") +
                    frame(DATA, END_STREAM, greedy.stream, prefix(0)))
    time.sleep(0.5)
    with gateway.channel() as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=5)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()
    greedy.close()


@pytest.mark.parametrize("size", [20_000, 50_000])
def test_too_much_metadata(gateway, new_caller, channel, token, size):
    """H12, H13: an RPC with over 16 KB of metadata is refused, and other RPCs of its connection live."""
    caller = new_caller()
    caller.start()
    line = caller.listen()
    call = channel.stream_stream(PROCESS_CALLER_INPUT, as_is, as_is)(
        iter([]), metadata=[*caller.metadata(), *((f"x-{n}", "v" * 1000) for n in range(size // 1000))], timeout=5)
    with pytest.raises(grpc.RpcError) as refusal:
        list(call)
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "metadata" in refusal.value.details()
    time.sleep(0.3)
    assert not line.done.is_set(), line.code
    line.cancel()
    caller.press("1")


@pytest.mark.measured
def test_streams_that_are_not_read(own_gateway):
    """H15: 1,000 streams without a token, 64 KB each and more on offer, from clients that read nothing: 100 MB."""
    gateway = own_gateway()
    with gateway.peak_memory() as growth:
        clients = [FrameClient(gateway.address, reads=False) for _ in range(4)]
        for client in clients:
            client.socket.settimeout(1)
            with contextlib.suppress(OSError):
                for _ in range(250):
                    client.send(client.headers(PROCESS_CALLER_INPUT) + b"".join(
                        frame(DATA, 0, client.stream, (prefix(60_000) if n == 0 else b"") + bytes(16_000))
                        for n in range(4)))
        time.sleep(1)
    print(f"1,000 unread streams: peak +{growth[0] / MEGABYTE:.1f} MB")
    assert growth[0] < 100 * MEGABYTE
    for client in clients:
        client.close()


@pytest.mark.measured
def test_far_callers_on_one_connection(gateway, token):
    """With 250 ms of round trip, 40 calls of 16-bit audio at 16 kHz on one connection are late by no more than that.

    FAR_CALLS=300 plays as many."""
    with contextlib.closing(SlowLine(gateway.address, 0.125)) as line, \
            grpc.insecure_channel(line.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        callers = [Caller(channel, token, TENANT_A["org"], "demo-wav")
                   for _ in range(int(os.environ.get("FAR_CALLS", "40")))]
        lines = []
        starting = [threading.Thread(target=caller.start) for caller in callers]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        late = []
        seconds, step = 4, 0.2
        for caller in callers:
            lines.append(caller.open(caller.request(
                audio_input={"encoding": LINEAR16, "sample_rate_hertz": 16_000}), half_close=False))
        began = time.monotonic()
        chunk = bytes(int(32_000 * step))
        for n in range(int(seconds / step)):
            for caller, one in zip(callers, lines):
                one.send(caller.request(audio_input={
                    "caller_audio": chunk, "encoding": LINEAR16, "sample_rate_hertz": 16_000}))
            time.sleep(max(0, began + (n + 1) * step - time.monotonic()))
        # A half-close stands behind all of the audio: the server's status comes when it has been read.
        ended = time.monotonic()
        for one in lines:
            one.half_close()
        for one in lines:
            assert one.done.wait(20), one.replies
            late.append(one.ended - ended)
    print(f"far callers: the last was done {max(late):.2f} s after the audio's end")
    assert max(late) < 0.25 + (3 if SLOW else 0.75)


def test_a_frame_of_audio_is_not_acknowledged_alone(gateway, new_caller):
    """Half of an RPC's window is used before the server announces more of it: a frame of audio costs it no write."""
    caller = new_caller()
    caller.start()
    client = FrameClient(gateway.address)
    client.send(client.headers(PROCESS_CALLER_INPUT, *caller.metadata()))
    message = caller.request(audio_input={"caller_audio": bytes(640), "encoding": LINEAR16, "sample_rate_hertz": 16_000})
    content = message.SerializeToString()
    frames = 400
    for _ in range(frames):
        client.send(frame(DATA, 0, client.stream, prefix(len(content)) + content))
        time.sleep(0.005)
    gateway.until(lambda: client.updates(), "has announced more of the window", 5)
    updates, sent = client.updates(), frames * (len(content) + 5)
    print(f"{sent} bytes of audio in {frames} messages: {updates} WINDOW_UPDATE frames of the RPC")
    assert updates <= sent // 16_000 + 1
    client.close()


def test_descriptors_run_out(own_gateway, token):
    """H6: 400 connections where 256 files are allowed: live calls go on, and new ones come in once there is room."""
    gateway = own_gateway()
    subprocess.run(["prlimit", f"--pid={gateway.process.pid}", "--nofile=256:256"], check=True)
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        host, port = gateway.address.rsplit(":", 1)
        sockets = []
        for _ in range(400):
            with contextlib.suppress(OSError):
                sockets.append(socket.create_connection((host, int(port)), 1))
        caller.press("1")
        gateway.until(lambda: gateway.get("/readyz")[0] == 503 and "open files" in gateway.get("/readyz")[1],
                      "says that it has no files left")
        for one in sockets:
            one.close()
        began = time.monotonic()
        gateway.until(lambda: answers(gateway), "takes calls again", 10)
        assert time.monotonic() - began < 2
        gateway.until(lambda: gateway.get("/readyz")[0] == 200, "is ready again", 10)
        caller.press("2")


def answers(gateway):
    with gateway.channel() as channel:
        try:
            return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
        except grpc.RpcError:
            return None


@pytest.mark.skipif(not OWN_ADDRESS, reason="this machine has no address but loopback")
def test_limits_of_connections(own_gateway):
    """H7: so many connections in all, from one source and in a second; the edge's addresses are exempt from the last two."""
    def count(gateway, number):
        opened = [FrameClient(gateway.address.replace("0.0.0.0", OWN_ADDRESS)) for _ in range(number)]
        time.sleep(0.3)
        alive = [one for one in opened if not one.closed.is_set()]
        for one in opened:
            one.close()
        time.sleep(0.3)
        return len(alive)

    def start(**limits):
        return own_gateway(listen={"address": "0.0.0.0:0", "plaintext": True}, limits={"connections": limits})

    gateway = start(per_source=10, per_second=1000)
    assert count(gateway, 30) == 10
    assert count(gateway, 30) == 10, "closed connections leave room"
    assert 'connections_refused_total{reason="source"} 40' in gateway.until(
        lambda: 'reason="source"} 40' in (text := gateway.get("/metrics")[1]) and text, "has counted 40")
    gateway.reload(dict(yaml_of(gateway), limits={"connections": {"trusted": [OWN_ADDRESS], "per_source": 10}}))
    assert count(gateway, 30) == 30
    assert count(start(per_second=20), 50) == 10, "one source has half of them"
    assert count(start(open=5, trusted=[f"{OWN_ADDRESS}/24"]), 20) == 5


def yaml_of(gateway):
    return yaml.safe_load(gateway.file.read_text())


DEAF = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  int (*real)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");
  if (access("DEAF_FILE", F_OK) == 0) {
    errno = EPERM;
    return -1;
  }
  return real(fd, address, length, flags);
}
"""


@pytest.mark.skipif(SLOW, reason="a sanitizer's binary is preloaded nothing")
def test_a_listener_that_is_dead(own_gateway, tmp_path):
    """H19: a port that answers nobody is found by the server itself, which says so, drains, and exits with 1."""
    source, library, deaf = tmp_path / "deaf.c", tmp_path / "deaf.so", tmp_path / "deaf"
    source.write_text(DEAF.replace("DEAF_FILE", str(deaf)))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    gateway = own_gateway(environment={"LD_PRELOAD": str(library)})
    deaf.touch()
    gateway.until(lambda: "draining" in gateway.log, "gives its port up", 60)
    assert gateway.wait(30) == 1
    assert "the server's own port has not answered 3 times" in gateway.log


def test_a_listener_that_lives(own_gateway, certificates):
    """H19: a port of each kind is found alive, the one too that wants a client's certificate."""
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    gateways = [own_gateway(listen={"address": "127.0.0.1:0"} | more) for more in (
        {}, {"tls": tls}, {"tls": tls | {"client_ca": str(certificates / "ca.pem")}})]
    gateways.append(own_gateway(listen={"address": "[::]:0", "plaintext": True}))
    time.sleep(6)
    for gateway in gateways:
        assert "does not answer" not in gateway.log, gateway.log[-500:]
