"""Many calls over three servers with no affinity before them: every turn is answered, once, while servers
are killed and stopped. In full size by Scripts/cluster-test."""

import json
import os
import signal
import statistics
import threading
import time

import pytest

from caller import Caller
from cluster import Cluster, SpreadCaller, logged, metric
from conftest import TENANT_A
from edge import edge
from gateway import SLOW, run
from schemas import SESSION_START
from speech import SOUNDS

# The full size: Scripts/cluster-test
CALLS = int(os.environ.get("CLUSTER_CALLS", 8))
FULL = "CLUSTER_CALLS" in os.environ
# What a Python client can do on two cores, with the servers beside it.
PACE = max(0.5, CALLS / 80)
SECONDS = 8 * PACE


class Talker(threading.Thread):
    """A call that presses a key now and then until it is told to hang up: two RPCs each time, each at the next server."""

    def __init__(self, crowd, token):
        super().__init__(daemon=True)
        self.turns, self.lost, self.times, self.over = 0, [], [], threading.Event()
        self.caller = SpreadCaller(crowd.servers, token)
        self.caller.channels, self.caller.turn = crowd.channels, crowd.next()
        self.caller.start()
        self.start()

    def run(self):
        while not self.over.wait(PACE):
            began = time.monotonic()
            try:
                turn = self.caller.press("4")
                assert turn.event is None and turn.audio.seconds > 0, f"no answer: {turn.replies}"
                self.turns += 1
            except Exception as problem:  # whatever a caller may see
                self.lost.append((began, str(problem)[:200]))
            self.times.append((began, time.monotonic() - began))
        try:
            self.caller.hang_up()
        except Exception as problem:  # the same
            self.lost.append((time.monotonic(), f"hang-up: {problem}"[:200]))


class Crowd:
    """Calls over the same connections, one to each server; a server that has died is taken out as a balancer does."""

    def __init__(self, servers, token, calls):
        self.servers, self.channels, self.count = servers, [server.channel() for server in servers], 0
        self.talkers = []
        for _ in range(calls):
            self.talkers.append(Talker(self, token))
            time.sleep(0.02)

    def next(self):
        self.count += 1
        return self.count

    @property
    def turns(self):
        return sum(talker.turns for talker in self.talkers)

    def lost(self, since=0.0):
        return [loss for talker in self.talkers for loss in talker.lost if loss[0] >= since]

    def longest(self, since=0.0, until=float("inf")):
        """How long the slowest turn took, keys and their begin, of those that began in this time."""
        return max((took for talker in self.talkers for began, took in talker.times if since <= began < until), default=0)

    def without(self, number):
        """Nothing more is sent to this server."""
        channels = [channel for n, channel in enumerate(self.channels) if n != number]
        for talker in self.talkers:
            talker.caller.channels = channels

    def leave(self):
        for talker in self.talkers:
            talker.over.set()
        for talker in self.talkers:
            talker.join(60)
        for channel in self.channels:
            channel.close()


def relayed(servers):
    return sum(metric(server, "patchbay_relayed_rpcs_total", direction="out") for server in servers)


def live(servers):
    return sum(metric(server, "patchbay_conversations_live") for server in servers)


def test_round_robin(own_gateway, tmp_path, token):
    """Each call is one conversation, and each turn is answered; also while one of the servers ends, and others take its calls."""
    cluster = Cluster(own_gateway, tmp_path, lease="3s")
    servers = cluster.start(3, shutdown={"drain": "1m", "grace": "0s"})
    crowd = Crowd(servers, token, CALLS)
    time.sleep(SECONDS)
    assert live(servers) == CALLS, "two servers have one call"
    own = metric(servers[0], "patchbay_conversations_live")
    servers[0].signal()
    crowd.without(0)
    # It leaves its calls to the others between two turns, and ends long before they do.
    assert servers[0].wait(30 if SLOW else 15) == 0 and own > 0
    handed = len([end for end in logged(servers[0], "conversation ended") if end["reason"] == "handed_over"])
    assert handed == own
    servers = servers[1:]
    time.sleep(2)
    servers[0].until(lambda: live(servers) == CALLS, "has the calls, with the third")
    handed_on = relayed(servers)
    crowd.leave()
    starts = [start for server in servers for start in logged(server, "conversation started")]
    ends = [end["reason"] for server in servers for end in logged(server, "conversation ended")]
    print(f"round robin, one drained with {own} calls: {CALLS} calls, {crowd.turns} turns, {len(crowd.lost())} lost, {handed_on} RPCs "
          f"relayed; the longest turn took {crowd.longest():.2f} s")
    assert not crowd.lost(), crowd.lost()[:3]
    resumed = [start for start in starts if start["resumed"] == "true"]
    # What two servers began of one call, on a machine that is late, went to one of them.
    assert len(resumed) >= handed and ends.count("hangup") == CALLS
    assert crowd.turns >= CALLS and handed_on > 0
    cluster.redis.kill()


@pytest.mark.skipif(not FULL, reason="takes a minute: Scripts/cluster-test")
def test_servers_die_and_sleep(own_gateway, tmp_path, token):
    """One is killed, one is stopped for longer than its lease and woken, Redis answers nothing for 5 s, and
    is killed and comes back with nothing."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    servers = cluster.start(4)
    crowd = Crowd(servers, token, CALLS)
    time.sleep(SECONDS)
    assert not crowd.lost(), crowd.lost()[:3]

    dead, rest = servers[0], servers[1:]
    own = metric(dead, "patchbay_conversations_live")
    killed = time.monotonic()
    dead.process.kill()
    dead.wait()
    crowd.without(0)
    time.sleep(10)
    lost = crowd.lost(since=killed - 1)
    print(f"one killed: it had {own} of {CALLS} calls; {len(lost)} turns lost, {len(crowd.lost(since=killed + 5))} of them "
          f"after 5 s; {live(rest)} calls live")
    assert len(lost) <= CALLS and not crowd.lost(since=killed + 5), lost[:3]
    assert live(rest) == CALLS

    asleep, awake = servers[1], servers[2:]
    own = metric(asleep, "patchbay_conversations_live")
    stopped = time.monotonic()
    asleep.process.send_signal(signal.SIGSTOP)
    for talker in crowd.talkers:
        talker.caller.channels = crowd.channels[2:]
    time.sleep(20)
    asleep.process.send_signal(signal.SIGCONT)

    def fenced():
        return metric(asleep, "patchbay_conversations_fenced_total")

    # Whose RPC was under way at the one that was stopped has waited, and nobody else has heard of the call meanwhile.
    asleep.until(lambda: fenced() + live([asleep]) == own and live(rest) == CALLS, "knows which calls are others'")
    print(f"one stopped for 20 s: it had {own} calls, {fenced()} were ended there; {len(crowd.lost(since=stopped))} turns "
          f"lost, {len(crowd.lost(since=stopped + 6))} of them after 6 s; {live(awake)} calls live at others")
    assert fenced() > 0 and not crowd.lost(since=stopped + 6), crowd.lost(since=stopped + 6)[:3]
    for talker in crowd.talkers:
        talker.caller.channels = crowd.channels[1:]

    asked, before = time.monotonic(), crowd.turns
    cluster.redis.process.send_signal(signal.SIGSTOP)
    time.sleep(5)
    cluster.redis.process.send_signal(signal.SIGCONT)
    time.sleep(1)
    print(f"Redis slow by 5 s: {crowd.turns - before} turns, {len(crowd.lost(since=asked))} lost; the longest took "
          f"{crowd.longest(since=asked):.2f} s, and {crowd.longest(until=killed - 1):.2f} s with nothing amiss")
    assert not crowd.lost(since=asked), crowd.lost(since=asked)[:3]

    gone, before = time.monotonic(), crowd.turns
    cluster.redis.kill()
    time.sleep(5)
    print(f"Redis killed: {crowd.turns - before} turns in 5 s, {len(crowd.lost(since=gone))} lost")
    cluster.redis.start()
    time.sleep(3)
    assert not crowd.lost(since=gone), crowd.lost(since=gone)[:3]
    assert live(rest) == CALLS
    crowd.leave()
    assert live(rest) == 0
    cluster.redis.kill()


@pytest.mark.skipif(not FULL, reason="takes a minute: Scripts/cluster-test")
def test_a_rolling_restart(own_gateway, tmp_path, token):
    """All three are exchanged, one after the other, under calls and with new ones: none is refused or cut."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    settings = {"shutdown": {"drain": "2m", "grace": "0s"}}
    servers = cluster.start(3, **settings)
    crowd = Crowd(servers, token, CALLS)
    time.sleep(3)
    for n in range(3):
        (new,) = cluster.start(1, **settings)
        crowd.servers.append(new)
        crowd.channels.append(new.channel())
        old, channel = crowd.servers.pop(0), crowd.channels.pop(0)
        own = metric(old, "patchbay_conversations_live")
        old.signal()
        # The edge notices a moment later: what comes meanwhile is no worse for it.
        time.sleep(0.5)
        for talker in crowd.talkers:
            talker.caller.channels = list(crowd.channels)
        more = [Talker(crowd, token) for _ in range(CALLS // 10)]
        crowd.talkers += more
        began = time.monotonic()
        assert old.wait(90) == 0
        channel.close()
        print(f"server {n + 1} of 3 exchanged, it had {own} calls: gone after {time.monotonic() - began:.1f} s; "
              f"{crowd.turns} turns, {len(crowd.lost())} lost")
    time.sleep(2)
    assert live(crowd.servers) == len(crowd.talkers)
    crowd.leave()
    assert not crowd.lost(), crowd.lost()[:3]
    cluster.redis.kill()


@pytest.mark.skipif(not FULL, reason="takes a minute: Scripts/cluster-test")
def test_the_rules_by_round_robin(own_gateway, tmp_path, certificates, token):
    """HAProxy gives each RPC to the next of three servers: every rule of the wire is kept, and calls in real time hear all."""
    cluster = Cluster(own_gateway, tmp_path, lease="3s")
    # A busy machine is no reason to refuse calls here.
    servers = cluster.start(3, limits={"lag": "10s"})
    file = tmp_path / "token"
    file.write_text(token)
    file.chmod(0o600)
    with edge("haproxy", tmp_path, certificates, *servers) as proxy:
        for agent in ("demo-wav", "demo-chunk"):
            before = relayed(servers)
            said = run("conformance", "--target", proxy.address, "--agent", agent, "--token", file, "--transfer", "0",
                       "--end", "9", "--json", seconds=120)
            verdicts = {f["rule"]["id"]: f["verdict"] for f in json.loads(said.stdout)["findings"]}
            print(f"conformance by round robin, {agent}: {list(verdicts.values()).count('passed')} rules passed, "
                  f"{list(verdicts.values()).count('failed')} failed; {relayed(servers) - before} RPCs relayed")
            assert said.returncode == 0, [rule for rule, verdict in verdicts.items() if verdict == "failed"]
        before = relayed(servers)
        said = run("replay", SOUNDS / "queue-youarenext.wav", "--target", proxy.address, "--token", file, "--agent",
                   "demo-chunk", "--calls", CALLS, "--ramp", CALLS / 20, "--duration", 30, "--json", seconds=150)
        report = json.loads(said.stdout.splitlines()[-1])
        print(f"{CALLS} calls in real time by round robin: {report['turns']} turns, errors {report['errors']}, violations "
              f"{report['violations']}; {relayed(servers) - before} RPCs relayed")
        assert report["errors"] == {} and report["violations"] == {} and report["turns"] >= CALLS, report
    cluster.redis.kill()


@pytest.mark.skipif(not FULL, reason="measures: Scripts/cluster-test")
def test_what_a_relay_adds(own_gateway, tmp_path, token):
    """A repeated SESSION_START is answered by the conversation at once: its time at the owner, and at another server."""
    cluster = Cluster(own_gateway, tmp_path, lease="3s")
    servers = cluster.start(2)
    channels = [server.channel() for server in servers]
    caller = Caller(channels[0], token, TENANT_A["org"], "demo-wav")
    caller.start()
    times = ([], [])
    for n in range(600):
        caller.channel = channels[n % 2]
        began = time.perf_counter()
        caller.event(SESSION_START).wait()
        times[n % 2].append((time.perf_counter() - began) * 1000)
    cuts = [statistics.quantiles(some[50:], n=100) for some in times]
    print("an RPC at the owner: p50 {:.2f} ms, p99 {:.2f} ms; relayed: p50 {:.2f} ms, p99 {:.2f} ms".format(
        cuts[0][49], cuts[0][98], cuts[1][49], cuts[1][98]))
    assert cuts[1][49] - cuts[0][49] < 50
    caller.hang_up()
    for channel in channels:
        channel.close()
    cluster.redis.kill()
