"""Restarts: behind the shipped edge one server after the other, and nobody is refused; alone, in what time."""

import contextlib
import os
import random
import threading
import time

import grpc
import pytest

from caller import Caller
from conftest import TENANT_A
from edge import edge
from gateway import SLOW
from schemas import KEYS, NO_INPUT, SESSION_START, Event

SHUTDOWN = {"notice": "1s", "drain": "1s", "grace": "5s"}
# The full size: Scripts/rolling-restart
CALLS = int(os.environ.get("RESTART_CALLS", 16))


class Talker(threading.Thread):
    """A caller who says nothing twice a second, until the call is handed over."""

    def __init__(self, caller):
        super().__init__(daemon=True)
        self.caller, self.outcome = caller, None
        caller.start()

    def run(self):
        while not self.outcome:
            turn = self.caller.event(NO_INPUT)
            turn.done.wait(20)
            if Event.TRANSFER_TO_AGENT in [reply.event for reply in turn.replies]:
                self.outcome = "transferred"
            elif turn.code is not grpc.StatusCode.OK:
                self.outcome = f"{turn.code}: {turn.call.details()}"
            time.sleep(0.5)


class Newcomers(threading.Thread):
    """Calls that begin and end, one after the other."""

    def __init__(self, make):
        super().__init__(daemon=True)
        self.make, self.greeted, self.refused, self.stopped = make, 0, [], threading.Event()

    def run(self):
        while not self.stopped.wait(0.03):
            caller = self.make()
            opening = caller.event(SESSION_START)
            opening.done.wait(20)
            if opening.code is grpc.StatusCode.OK and opening.replies:
                self.greeted += 1
                caller.hang_up()
            else:
                self.refused.append(f"{opening.code}: {opening.call.details()}")


@contextlib.contextmanager
def behind_the_edge(servers, tmp_path, certificates):
    """The shipped HAProxy file in front of servers, and what waits until it finds all of them live."""
    folder = tmp_path / "edge"
    folder.mkdir()
    folder.chmod(0o755)
    with edge("haproxy-shipped", folder, certificates, *servers) as proxy:

        def both_are_up():
            servers[0].until(lambda: set(proxy.stats().values()) == {"UP"}, "is up for the proxy")

        both_are_up()
        yield proxy, both_are_up


def test_a_restart_refuses_nobody(own_gateway, tmp_path, certificates, token):
    """Two servers behind the shipped HAProxy file are restarted: new calls find one, live ones are transferred."""
    servers = [own_gateway(shutdown=SHUTDOWN) for _ in range(2)]
    with behind_the_edge(servers, tmp_path, certificates) as (proxy, both_are_up):
        channels = [proxy.channel() for _ in range(4)]
        talkers = [Talker(Caller(channels[n % 4], token, TENANT_A["org"], "demo-wav")) for n in range(12)]
        newcomers = Newcomers(lambda: Caller(channels[0], token, TENANT_A["org"], "demo-wav"))
        for thread in (*talkers, newcomers):
            thread.start()
        for index, server in enumerate(servers):
            server.signal()
            assert server.wait(60 if SLOW else 20) == 0
            servers[index] = own_gateway(
                listen={"address": server.address}, admin={"address": server.admin}, shutdown=SHUTDOWN)
            both_are_up()
        newcomers.stopped.set()
        newcomers.join(30)
        for talker in talkers:
            talker.join(30)
        for channel in channels:
            channel.close()
    assert not newcomers.refused, f"{len(newcomers.refused)} of {newcomers.greeted}: {newcomers.refused[:3]}"
    assert newcomers.greeted >= 10
    assert [talker.outcome for talker in talkers] == ["transferred"] * 12


class Line(threading.Thread):
    """A line on which one call follows the other, each of some seconds with a turn twice a second."""

    def __init__(self, make):
        super().__init__(daemon=True)
        self.make, self.stopped = make, threading.Event()
        self.calls, self.turns, self.refused, self.cut, self.refused_at = 0, 0, [], [], []

    def run(self):
        while not self.stopped.wait(random.uniform(0, 0.2)):
            caller = self.make()
            opening = caller.event(SESSION_START)
            opening.done.wait(30)
            if opening.code is not grpc.StatusCode.OK or not opening.replies:
                self.refused.append(f"{opening.code}: {opening.call.details()}")
                self.refused_at.append(time.monotonic())
                time.sleep(0.5)
                continue
            self.calls += 1
            end = time.monotonic() + random.uniform(2, 8)
            while time.monotonic() < end:
                turn = caller.open(caller.request(dtmf_input={"dtmf_events": [KEYS["4"]]}))
                turn.done.wait(30)
                events = [reply.event for reply in turn.replies]
                if turn.code is not grpc.StatusCode.OK or not events or Event.TRANSFER_TO_AGENT in events:
                    self.cut.append(f"{turn.code}, {events}: {turn.call.details()}")
                    break
                self.turns += 1
                time.sleep(0.5)
            else:
                caller.hang_up()


def test_calls_outlive_a_restart(own_gateway, tmp_path, certificates, token):
    """R1: two servers behind the shipped HAProxy file are exchanged under live calls, with time for them to end: no call
    is refused, and none is cut or transferred."""
    shutdown = {"notice": "1s", "drain": "2m", "grace": "5s"}
    servers = [own_gateway(shutdown=shutdown) for _ in range(2)]
    with behind_the_edge(servers, tmp_path, certificates) as (proxy, both_are_up):
        channels = [proxy.channel() for _ in range(8)]
        lines = [Line(lambda n=n: Caller(channels[n % 8], token, TENANT_A["org"], "demo-wav")) for n in range(CALLS)]
        for line in lines:
            line.start()
            time.sleep(0.02)  # the edge accepts 100 new calls a second from one address
        time.sleep(2)
        drains = []
        for index, server in enumerate(servers):
            asked = time.monotonic()
            server.signal()
            assert server.wait(120) == 0
            drains.append(f"{time.monotonic() - asked:.1f} s")
            servers[index] = own_gateway(
                listen={"address": server.address}, admin={"address": server.admin}, shutdown=shutdown)
            both_are_up()
        time.sleep(2)
        for line in lines:
            line.stopped.set()
        for line in lines:
            line.join(60)
        for channel in channels:
            channel.close()
    refused, cut = [sum((getattr(line, name) for line in lines), []) for name in ("refused", "cut")]
    calls, turns = sum(line.calls for line in lines), sum(line.turns for line in lines)
    print(f"{CALLS} lines, {calls} calls, {turns} turns; drains of {' and '.join(drains)}: "
          f"{len(refused)} refused, {len(cut)} cut")
    assert not refused and not cut, (refused[:3], cut[:3])
    assert calls > 2 * CALLS


@pytest.mark.timeout(200)
def test_a_server_alone_cuts_no_call(own_gateway, token):
    """R1: a server that is alone is exchanged under live calls, which go on to their end; until its successor listens, new
    calls are refused. How many, and for how long, is the figure."""
    shutdown = {"notice": "0s", "drain": "2m", "grace": "5s"}
    server = own_gateway(shutdown=shutdown)
    # Each channel asks again soon after it was refused a connection.
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 100),
               ("grpc.min_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 200)]
    channels = [grpc.insecure_channel(server.address, options) for _ in range(8)]
    lines = [Line(lambda n=n: Caller(channels[n % 8], token, TENANT_A["org"], "demo-wav")) for n in range(CALLS)]
    for line in lines:
        line.start()
        time.sleep(0.02)
    time.sleep(2)
    asked = time.monotonic()
    server.signal()
    assert server.wait(120) == 0
    ended = time.monotonic()
    own_gateway(listen={"address": server.address}, admin={"address": server.admin}, shutdown=shutdown)
    back = time.monotonic()
    time.sleep(3)
    for line in lines:
        line.stopped.set()
    for line in lines:
        line.join(60)
    for channel in channels:
        channel.close()
    cut = sum((line.cut for line in lines), [])
    times = sorted(at for line in lines for at in line.refused_at)
    calls, turns = sum(line.calls for line in lines), sum(line.turns for line in lines)
    print(f"{CALLS} lines, {calls} calls, {turns} turns; the drain took {ended - asked:.1f} s, nobody listened for "
          f"{back - ended:.2f} s: {len(cut)} cut; {len(times)} attempts of a new call refused in the {back - asked:.1f} s, "
          f"{sum(at < ended for at in times)} of them in the drain; the last one {(times or [back])[-1] - back:+.2f} s "
          "from when the new one was there")
    assert not cut, cut[:3]
    assert calls > CALLS
    assert all(at < back + (30 if SLOW else 5) for at in times), "calls are refused though the successor is there"


def test_a_server_alone_is_back_soon(own_gateway, token):
    """Without a second server new calls are refused from the drain's begin until its successor listens, which is soon."""
    server = own_gateway(shutdown={"drain": "0s", "grace": "0s"})
    with server.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        caller.hang_up()
    asked = time.monotonic()
    server.signal()
    assert server.wait(60 if SLOW else 10) == 0
    successor = own_gateway(listen={"address": server.address}, admin={"address": server.admin})
    gap = time.monotonic() - asked
    print(f"a restart took {gap:.2f} s")
    assert SLOW or gap < 5
    with successor.channel() as channel:
        Caller(channel, token, TENANT_A["org"], "demo-wav").start()
