"""A cluster whose servers die and sleep, and whose Redis is slow, stale and gone, under many calls: what callers, their bot and
the servers have written down is laid side by side. Scripts/cluster-test has it played."""

import contextlib
import os
import signal
import time

import pytest

from cluster import Cluster, Forwarder, metric
from cluster_log import Judge, calls_of, status_faults
from conftest import agent
from herd import Herd, ScribeBot

CALLS = int(os.environ.get("CLUSTER_CALLS", 0))
# Seconds between two turns of a call: what two cores carry, with the servers, the client and the bot on them.
PACE = max(1.0, CALLS / 60)
pytestmark = pytest.mark.skipif(not CALLS, reason="takes two minutes: Scripts/cluster-test")


def live(servers):
    return sum(metric(server, "patchbay_conversations_live") for server in servers)


@contextlib.contextmanager
def world(own_gateway, tmp_path, token):
    """Servers of a cluster that reach Redis by a way that can be turned, calls whose RPCs go by one server after the other, with
    numbered audio before each entry, and a bot that writes down what it is told."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    with ScribeBot() as bot, Herd(token, PACE, "bot") as crowd, Forwarder(cluster.redis.port) as way:
        cluster.more["redis"] = f"redis://127.0.0.1:{way.port}"
        cluster.start(4, agents=[agent("bot", "wav", bot.engine | {"resumes": True}, default=True)])
        for n, server in enumerate(cluster.servers):
            crowd.connect(n, server)
        crowd.go_by(*range(len(cluster.servers)))
        crowd.join(CALLS, keys=None, messages=3)
        yield cluster, crowd, bot, way
        cluster.redis.kill()


@pytest.mark.timeout(280)
def test_servers_die_and_sleep(own_gateway, tmp_path, token):
    """One is killed, one is stopped for longer than its lease and woken, Redis answers nothing for 5 s, fails over to a copy that
    knows nothing of the latest calls, and is killed and comes back with nothing."""
    with world(own_gateway, tmp_path, token) as (cluster, crowd, bot, way):
        servers = cluster.servers
        time.sleep(5 * PACE)
        assert not crowd.lost(), crowd.lost()[:3]

        dead, rest = servers[0], servers[1:]
        own, killed = live([dead]), time.monotonic()
        dead.process.kill()
        dead.wait()
        crowd.go_by(1, 2, 3)
        time.sleep(6 + 2 * PACE)
        lost, late = crowd.lost(since=killed - PACE), crowd.lost(since=killed + 5)
        print(f"one killed: it had {own} of {CALLS} calls; {len(lost)} turns lost, {len(late)} of them after 5 s; {live(rest)} "
              "calls live", flush=True)
        assert len(lost) <= CALLS and not late, late[:3]
        assert live(rest) == CALLS

        asleep, awake = servers[1], servers[2:]

        def fenced():
            return metric(asleep, "patchbay_conversations_fenced_total")

        # What it began without Redis' word and another had is counted, too.
        own, before = live([asleep]), fenced()
        stopped = time.monotonic()
        asleep.process.send_signal(signal.SIGSTOP)
        crowd.go_by(2, 3)
        time.sleep(20)
        asleep.process.send_signal(signal.SIGCONT)
        # Whose RPC was under way at the one that was stopped has waited, and nobody else has heard of the call meanwhile.
        asleep.until(lambda: fenced() - before + live([asleep]) == own and live(rest) == CALLS, "knows which calls are others'")
        lost, late = crowd.lost(since=stopped - PACE), crowd.lost(since=stopped + 6)
        print(f"one stopped for 20 s: it had {own} calls, {fenced() - before} were ended there; {len(lost)} turns lost, {len(late)} "
              f"of them after 6 s; {live(awake)} calls live at others", flush=True)
        assert fenced() > before and not late, late[:3]
        crowd.go_by(1, 2, 3)
        time.sleep(2 * PACE)

        asked, turns = time.monotonic(), crowd.turns
        cluster.redis.process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        cluster.redis.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        print(f"Redis slow by 5 s: {crowd.turns - turns} turns, {len(crowd.lost(since=asked))} lost; the longest took "
              f"{crowd.longest(since=asked):.2f} s, and {crowd.longest(until=killed - PACE):.2f} s with nothing amiss", flush=True)
        assert not crowd.lost(since=asked), crowd.lost(since=asked)[:3]

        copy = cluster.new_redis("copy")
        assert copy.ask("REPLICAOF", "127.0.0.1", str(cluster.redis.port)) == "+OK"
        rest[0].until(lambda: int(copy.ask("DBSIZE")[1:]) >= CALLS, "is copied")
        assert copy.ask("REPLICAOF", "NO", "ONE") == "+OK"
        crowd.join(CALLS // 10, keys=None, messages=3)
        time.sleep(PACE)
        failed, turns = time.monotonic(), crowd.turns
        way.turn(copy.port)
        cluster.redis.kill()
        time.sleep(6)
        print(f"Redis failed over to a copy without the last {CALLS // 10} calls: {crowd.turns - turns} turns, "
              f"{len(crowd.lost(since=failed))} lost; the longest took {crowd.longest(since=failed):.2f} s", flush=True)
        assert not crowd.lost(since=failed), crowd.lost(since=failed)[:3]
        assert live(rest) == crowd.count

        gone, turns = time.monotonic(), crowd.turns
        copy.kill()
        time.sleep(5)
        copy.start()
        time.sleep(3)
        print(f"Redis killed for 5 s, and back with nothing: {crowd.turns - turns} turns, {len(crowd.lost(since=gone))} lost",
              flush=True)
        assert not crowd.lost(since=gone), crowd.lost(since=gone)[:3]
        assert live(rest) == crowd.count
        crowd.leave()
        rest[0].until(lambda: live(rest) == 0, "hears of the hang-ups")
        judge = Judge(calls_of(crowd, tmp_path / "calls"), bot.streams(tmp_path / "streams"))
        judge.faults += status_faults(servers)
        print(judge.said, flush=True)
        assert judge.faults == []
        copy.kill()
