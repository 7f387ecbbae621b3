"""Three servers behind the shipped HAProxy file: a call keeps its server while others are added, drained and killed, and
while its RPCs come by two edges that tell each other where calls are."""

import contextlib
import json
import os
import re
import threading
import time
import types

import pytest

from caller import Caller
from cluster import Cluster
from cluster import metric as cluster_metric
from conftest import TENANT_A
from edge import edge, free_port
from gateway import SLOW

# The full size: Scripts/cluster-test
CALLS = int(os.environ.get("CLUSTER_CALLS", 18))
FULL = "CLUSTER_CALLS" in os.environ
# What a Python client can do on two cores, with the servers beside it.
PACE = max(0.5, CALLS / 80)
SHUTDOWN = {"notice": "1s", "drain": "2m", "grace": "5s"}
# An edge begins 100 calls a second for one address.
BETWEEN_CALLS = 0.02


class Talker(threading.Thread):
    """A call that presses a key every PACE seconds until it is told to hang up: two RPCs each time, the keys and their begin.

    Its RPCs go by the connections given, one after the other. `lost`: the times and reasons of turns without an answer.
    """

    def __init__(self, token, *channels):
        super().__init__(daemon=True)
        self.channels, self.turns, self.lost, self.over = channels, 0, [], threading.Event()
        self.caller = Caller(channels[0], token, TENANT_A["org"], "demo-wav")
        self.caller.start()
        self.start()

    def run(self):
        while not self.over.wait(PACE):
            try:
                self.caller.channel = self.channels[self.turns % len(self.channels)]
                turn = self.caller.press("4")
                assert turn.event is None and turn.audio.seconds > 0, f"no answer: {turn.replies}"
                self.turns += 1
            except Exception as problem:  # whatever a caller may see
                self.lost.append((time.monotonic(), str(problem)[:200]))
        with contextlib.suppress(Exception):
            self.caller.hang_up()


class Crowd:
    """Calls, each on one of a few connections of each edge."""

    def __init__(self, token, *proxies):
        self.token, self.talkers = token, []
        self.channels = [[proxy.channel() for proxy in proxies] for _ in range(6)]

    def join(self, calls):
        for n in range(calls):
            time.sleep(BETWEEN_CALLS)
            self.talkers.append(Talker(self.token, *self.channels[n % 6]))

    def lost(self, since=0.0):
        return [loss for talker in self.talkers for loss in talker.lost if loss[0] >= since]

    @property
    def turns(self):
        return sum(talker.turns for talker in self.talkers)

    def leave(self):
        for talker in self.talkers:
            talker.over.set()
        for talker in self.talkers:
            talker.join(60)

    def close(self):
        for channels in self.channels:
            for channel in channels:
                channel.close()


def metric(server, name):
    return int(float(re.search(rf"^{name} ([\d.e+]+)$", server.get("/metrics")[1], re.M)[1]))


def started(servers):
    """How many conversations servers have begun: one more than there are calls where a call was on two."""
    return sum(metric(server, "patchbay_conversations_started_total") for server in servers)


def live(server):
    return metric(server, "patchbay_conversations_live")


def taken_up(server):
    """The tracking ids of the calls that were under way when a server first heard of them."""
    lines = (json.loads(line) for line in server.log.splitlines() if '"conversation started"' in line)
    return {line["metadata"]["trackingid"] for line in lines if line["metadata"]["resumed"] == "true"}


def seconds_of_peers(proxy):
    """How long an edge has been in touch with the other one."""
    found = re.search(r"\(remote,active\).*last_status=ESTA last_hdshk=(?:(\d+)m)?(\d+)s", proxy.ask("show peers"))
    return int(found[1] or 0) * 60 + int(found[2]) if found else 0


def folder(tmp_path, name):
    made = tmp_path / name
    made.mkdir()
    made.chmod(0o755)
    return made


def test_a_call_keeps_its_server(own_gateway, tmp_path, certificates, token):
    """100 calls in the long form: none lost, none on two servers, while one is added and one drained; one that dies costs
    its own calls the turn that was under way, and they go on at the others."""
    first, second = (own_gateway(shutdown=SHUTDOWN) for _ in range(2))
    to_come = types.SimpleNamespace(address=f"127.0.0.1:{free_port()}", admin=f"127.0.0.1:{free_port()}")
    with edge("haproxy-shipped", folder(tmp_path, "edge"), certificates, first, second, to_come) as proxy:

        def until(states, what):
            second.until(lambda: sorted(proxy.stats().values()) == sorted(states), what)

        until(["UP", "UP", "DOWN"], "is one of two that are up")
        crowd = Crowd(token, proxy)
        crowd.join(CALLS)
        time.sleep(6 * PACE)
        print(f"steady: {CALLS} calls on two servers, {live(first)} and {live(second)}; {crowd.turns} turns, "
              f"{len(crowd.lost())} lost")
        assert started([first, second]) == CALLS and not crowd.lost()

        third = own_gateway(listen={"address": to_come.address}, admin={"address": to_come.admin}, shutdown=SHUTDOWN)
        until(["UP"] * 3, "is one of three that are up")
        crowd.join(CALLS // 2)
        time.sleep(6 * PACE)
        servers = [first, second, third]
        print(f"one added: {[live(server) for server in servers]} calls; {crowd.turns} turns, {len(crowd.lost())} lost")
        assert started(servers) == len(crowd.talkers) and live(third) > 0 and not crowd.lost()

        # A drain: its calls stay, and new ones go elsewhere.
        first.signal()
        drained = live(first)
        time.sleep(2)
        crowd.join(CALLS // 3)
        time.sleep(2)
        print(f"one drained: {[live(server) for server in servers]} calls; {crowd.turns} turns, {len(crowd.lost())} lost")
        assert live(first) == drained > 0 and started(servers) == len(crowd.talkers) and not crowd.lost()

        # A death: its calls go on at another server.
        own, before = live(second), started([first, third])
        killed = time.monotonic()
        second.process.kill()
        second.wait()
        third.until(lambda: started([first, third]) == before + own, "has all calls of the one that died")
        on = time.monotonic()
        time.sleep(6 * PACE)
        lost = crowd.lost()
        print(f"one killed: {own} calls were on it, {len(lost)} lost a turn, all went on within {on - killed:.1f} s; "
              f"{crowd.turns} turns")
        resumed = taken_up(first) | taken_up(third)
        losers = {talker.caller.tracking for talker in crowd.talkers if talker.lost}
        assert len(resumed) == own and losers <= resumed, "nobody else noticed"
        assert len(lost) <= own and not crowd.lost(since=on + 1), lost[:3]
        assert started([first, third]) == before + own

        turns = crowd.turns
        time.sleep(3 * PACE + 1)
        assert crowd.turns - turns >= len(crowd.talkers), "every call goes on"
        crowd.leave()
        assert first.wait(60 if SLOW else 20) == 0
        crowd.close()


def test_two_edges_know_the_same_calls(own_gateway, tmp_path, certificates, token):
    """Each call's RPCs come by two edges in turn; then one of the edges dies. No call is on two servers."""
    servers = [own_gateway() for _ in range(2)]
    peers = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    changes = [
        ("# peers edges\n", "peers edges\n"),
        *((f"#   peer edge-{n + 1} 10.0.0.{n + 1}:10000\n", f"  peer edge-{n + 1} {peer}\n")
          for n, peer in enumerate(peers)),
        ("size 200k expire 15m\n", "size 200k expire 15m peers edges\n"),
        ("size 50k expire 30s\n", "size 50k expire 30s peers edges\n"),
    ]
    with contextlib.ExitStack() as stack:
        proxies = [stack.enter_context(edge(
            "haproxy-shipped", folder(tmp_path, f"edge-{n + 1}"), certificates, *servers, changes=changes,
            name=f"edge-{n + 1}")) for n in range(2)]
        for proxy in proxies:
            servers[0].until(lambda proxy=proxy: set(proxy.stats().values()) == {"UP"}, "is up for the edge")
        # Two edges that begin at one time call each other at one time too, close both connections, and try again after 5 s.
        servers[0].until(lambda: all(seconds_of_peers(proxy) > 5 for proxy in proxies), "has two edges that know each other")
        crowd = Crowd(token, *proxies)
        crowd.join(CALLS)
        time.sleep(6 * PACE)
        print(f"two edges: {CALLS} calls, {[live(server) for server in servers]}; {crowd.turns} turns, "
              f"{len(crowd.lost())} lost")
        assert started(servers) == CALLS and not crowd.lost(), [proxy.stats("chkdown") for proxy in proxies]

        proxies[0].process.kill()
        proxies[0].process.wait()
        for talker in crowd.talkers:
            talker.channels = talker.channels[1:]
        died = time.monotonic()
        time.sleep(4)
        print(f"one edge killed: {len(crowd.lost())} turns lost with it; {crowd.turns} turns")
        assert started(servers) == CALLS and not crowd.lost(since=died + 2), crowd.lost()[-3:]
        crowd.leave()
        crowd.close()


@pytest.mark.skipif(not FULL, reason="takes a minute: Scripts/cluster-test")
def test_an_edge_before_a_cluster(own_gateway, tmp_path, certificates, token):
    """With the edge's table nothing is relayed; one is added, one killed, whose calls are adopted, and one hands over."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    settings = {"shutdown": SHUTDOWN | {"grace": "0s"}}
    first, second = cluster.start(2, **settings)
    to_come = types.SimpleNamespace(address=f"127.0.0.1:{free_port()}", admin=f"127.0.0.1:{free_port()}")
    with edge("haproxy-shipped", folder(tmp_path, "edge"), certificates, first, second, to_come) as proxy:
        second.until(lambda: sorted(proxy.stats().values()) == ["DOWN", "UP", "UP"], "is one of two that are up")
        crowd = Crowd(token, proxy)

        def tell(what, servers, since=0.0):
            relayed = sum(cluster_metric(server, "patchbay_relayed_rpcs_total", direction="out") for server in servers)
            print(f"edge and cluster, {what}: {[live(server) for server in servers]} calls; {crowd.turns} turns, "
                  f"{len(crowd.lost(since))} lost; {relayed} RPCs relayed so far")
            return relayed

        crowd.join(CALLS)
        time.sleep(6 * PACE)
        assert tell("steady", [first, second]) == 0 and not crowd.lost()

        (third,) = cluster.start(1, listen={"address": to_come.address}, admin={"address": to_come.admin}, **settings)
        second.until(lambda: set(proxy.stats().values()) == {"UP"}, "is one of three that are up")
        crowd.join(CALLS // 4)
        time.sleep(6 * PACE)
        servers, before = [first, second, third], crowd.turns
        assert tell("one added", servers) <= before * 2 / 3 and not crowd.lost() and live(third) > 0

        own, killed = live(second), time.monotonic()
        resumed = len(taken_up(first) | taken_up(third))
        second.process.kill()
        second.wait()
        time.sleep(6 * PACE + 5)
        servers.remove(second)
        tell(f"one killed that had {own}", servers)
        losers = {talker.caller.tracking for talker in crowd.talkers if talker.lost}
        assert losers <= taken_up(first) | taken_up(third), "nobody else noticed"
        assert len(taken_up(first) | taken_up(third)) - resumed == own
        assert sum(map(live, servers)) == len(crowd.talkers) and not crowd.lost(killed + 6), crowd.lost(killed + 6)[:3]

        ended, own = time.monotonic(), live(first)
        first.signal()
        assert first.wait(60) == 0
        gone = time.monotonic() - ended
        time.sleep(3 * PACE)
        tell(f"one ended that had {own}, gone after {gone:.1f} s", [third], since=ended)
        assert not crowd.lost(ended) and live(third) == len(crowd.talkers), crowd.lost(ended)[:3]
        crowd.leave()
        crowd.close()
    cluster.redis.kill()
