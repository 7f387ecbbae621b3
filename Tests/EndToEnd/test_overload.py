"""More calls than the server can carry: live ones keep their quality, new ones are refused, and soon it is over."""

import concurrent.futures
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import grpc
import pytest

from caller import Caller
from conftest import TENANT_A, configuration
from gateway import SLOW
from schemas import NO_INPUT, SESSION_START

CORES = sorted(os.sched_getaffinity(0))
HOG = "while True: pass"


@contextlib.contextmanager
def crowded(gateway, others=24):
    """Leaves the server a fraction of one processor, which it shares with processes that do nothing else."""
    with contextlib.ExitStack() as stack:
        os.sched_setaffinity(gateway.process.pid, CORES[:1])
        for task in os.listdir(f"/proc/{gateway.process.pid}/task"):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(task), CORES[:1])
        os.sched_setaffinity(0, CORES[1:])  # the callers have the rest
        stack.callback(os.sched_setaffinity, 0, CORES)
        for _ in range(others):
            hog = subprocess.Popen([sys.executable, "-c", HOG], preexec_fn=lambda: os.sched_setaffinity(0, CORES[:1]))
            stack.callback(hog.wait)
            stack.callback(hog.kill)
        yield


def metric(gateway, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", gateway.get("/metrics")[1], re.M)
    assert found, f"{name} is not in the metrics"
    return float(found[1])


def reasons(gateway):
    status, body = gateway.get("/readyz")
    return status, " ".join(json.loads(body)["reasons"])


@pytest.mark.measured
@pytest.mark.skipif(len(CORES) < 2, reason="server and callers need a processor each")
@pytest.mark.skipif(SLOW, reason="the load is chosen for a plain build")
def test_overload(own_gateway, token):
    """Callers are heard late: new calls are refused, in words, while live ones go on; soon after, all is well."""
    gateway = own_gateway(logging={"level": "info"})
    with gateway.channel() as channel:
        callers = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(60)]
        with concurrent.futures.ThreadPoolExecutor(60) as pool:
            list(pool.map(Caller.start, callers))
        assert reasons(gateway) == (200, "")
        with crowded(gateway):
            lines = []
            deadline = time.monotonic() + 40
            while "overloaded" not in reasons(gateway)[1]:
                assert time.monotonic() < deadline, f"{len(lines)} calls are no overload yet"
                lines += [caller.listen() for caller in callers[len(lines):len(lines) + 4]]
                time.sleep(0.4)
            status, why = reasons(gateway)
            assert status == 503 and re.search(r"its callers are heard up to \d+ ms late", why), why
            assert metric(gateway, "patchbay_overloaded") == 1
            assert metric(gateway, "patchbay_caller_lag_p95_seconds") > 0
            assert metric(gateway, 'patchbay_loop_sleepless_ratio{loop="0"}') > 0.25
            refused = Caller(channel, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
            assert refused.done.wait(10) and refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED, refused.code
            assert "no time for more calls" in refused.call.details()
            assert metric(gateway, 'patchbay_calls_shed_total{reason="cpu"}') >= 1
            known = callers[-1].event(NO_INPUT)
            assert known.done.wait(20) and known.code is grpc.StatusCode.OK, "a live call goes on"
            for line in lines:
                line.half_close()
            over = time.monotonic()
            gateway.until(lambda: reasons(gateway)[0] == 200, "is ready again", 15)
            assert time.monotonic() - over < 5, "back to normal within 5 s"
        assert Caller(channel, token, TENANT_A["org"], "demo-wav").start().audio.seconds > 0.5
    log = gateway.log
    assert "overloaded: new calls are refused" in log and "no longer overloaded" in log


@pytest.mark.measured
@pytest.mark.skipif(SLOW, reason="the load is chosen for a plain build")
def test_a_pause_is_no_overload(own_gateway, token):
    """A process that is stopped for 300 ms refuses nobody a second later, though calls come all the time."""
    gateway = own_gateway()
    with gateway.channel() as channel:
        callers = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(10)]
        for caller in callers:
            caller.start()
        lines = [caller.listen() for caller in callers]
        time.sleep(0.5)
        gateway.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        gateway.process.send_signal(signal.SIGCONT)
        began, late = time.monotonic(), []
        while (now := time.monotonic()) < began + 3:
            opening = Caller(channel, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
            if now > began + 1:
                late.append(opening)
            time.sleep(0.1)
        for opening in late:
            opening.wait()
        assert len(late) > 5
        for line in lines:
            line.half_close()


def test_slow_callers_are_no_overload(own_gateway, token):
    """Clients whose audio comes late, by their own fault, keep nobody out."""
    gateway = own_gateway()
    with gateway.channel() as channel:
        callers = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(10)]
        for caller in callers:
            caller.start()
        lines = [caller.open(half_close=False) for caller in callers]
        frame = callers[0].request(audio_input={"caller_audio": b"\xff" * 160, "encoding": 2, "sample_rate_hertz": 8000})
        end = time.monotonic() + 4
        while time.monotonic() < end:
            for caller, line in zip(callers, lines):
                frame.conversation_id = caller.conversation
                line.send(frame.SerializeToString())
            time.sleep(0.06)  # a third of real time
            assert reasons(gateway) == (200, "")
        assert metric(gateway, "patchbay_caller_lag_median_seconds") > 1, "their lag is told all the same"
        assert metric(gateway, "patchbay_overloaded") == 0
        assert Caller(channel, token, TENANT_A["org"], "demo-wav").start()


def test_memory_runs_short(own_gateway, issuer, token):
    """R9: at 90 % of the memory that it may have, new calls are refused and live ones go on."""
    gateway = own_gateway()
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        limit = (gateway.memory() + (10 << 20)) * 10 // 9
        gateway.reload(configuration(issuer, limits={"memory": f"{limit >> 10}KiB"}))
        time.sleep(1.5)
        assert metric(gateway, "patchbay_memory_limit_bytes") == limit >> 10 << 10
        openings = [Caller(channel, token, TENANT_A["org"], "demo-wav").event(SESSION_START) for _ in range(300)]
        for opening in openings:
            assert opening.done.wait(30)
        codes = [opening.code for opening in openings]
        assert grpc.StatusCode.OK in codes and grpc.StatusCode.RESOURCE_EXHAUSTED in codes
        refused = openings[codes.index(grpc.StatusCode.RESOURCE_EXHAUSTED)]
        assert "no memory for more calls" in refused.call.details()
        assert gateway.memory() < limit, f"{gateway.memory() >> 20} MiB of {limit >> 20}"
        assert metric(gateway, 'patchbay_calls_shed_total{reason="memory"}') >= 1
        caller.press("1")
        gateway.reload(configuration(issuer, limits={"memory": f"{gateway.memory() * 10 // 10 >> 10}KiB"}))
        gateway.until(lambda: "memory is short" in reasons(gateway)[1], "says that memory is short", 10)
        caller.press("2")
        gateway.reload(configuration(issuer))
        gateway.until(lambda: reasons(gateway)[0] == 200, "is ready again", 10)
