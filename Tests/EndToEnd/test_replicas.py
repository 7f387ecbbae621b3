"""Three servers behind the shipped HAProxy file: a call keeps its server while others are added, drained and killed, and
while its RPCs come by two edges that tell each other where calls are."""

import contextlib
import json
import os
import re
import time
import types

import pytest

from cluster import Cluster
from cluster import metric as cluster_metric
from edge import edge, free_port
from gateway import SLOW
from herd import Herd

# The full size: Scripts/cluster-test
CALLS = int(os.environ.get("CLUSTER_CALLS", 18))
FULL = "CLUSTER_CALLS" in os.environ
# Seconds between two turns of a call: what two cores carry, with the servers, the edge and the client on them.
PACE = max(0.5, CALLS / 100)
SHUTDOWN = {"notice": "1s", "drain": "2m", "grace": "5s"}
CONNECTIONS = 6  # to each edge
# A server that ends leaves its calls to the others: nothing more goes to it from then on.
BEFORE_A_CLUSTER = [("  http-check expect error-status L7OKC status 200\n", "  http-check expect status 200\n")]


def metric(server, name):
    return int(float(re.search(rf"^{name} ([\d.e+]+)$", server.get("/metrics")[1], re.M)[1]))


def started(servers):
    """How many conversations servers have begun: one more than there are calls where a call was on two."""
    return sum(metric(server, "patchbay_conversations_started_total") for server in servers)


def live(server):
    return metric(server, "patchbay_conversations_live")


def taken_up(server):
    """The conversations that were under way when a server first heard of them."""
    lines = (json.loads(line) for line in server.log.splitlines() if '"conversation started"' in line)
    return {line["metadata"]["conversation"] for line in lines if line["metadata"]["resumed"] == "true"}


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
    with edge("haproxy-shipped", folder(tmp_path, "edge"), certificates, first, second, to_come) as proxy, Herd(
            token, PACE) as crowd:

        def until(states, what):
            second.until(lambda: sorted(proxy.stats().values()) == sorted(states), what)

        until(["UP", "UP", "DOWN"], "is one of two that are up")
        crowd.connect("edge", proxy, CONNECTIONS)
        crowd.go_by("edge")
        crowd.join(CALLS)
        time.sleep(6 * PACE)
        print(f"steady: {CALLS} calls on two servers, {live(first)} and {live(second)}; {crowd.turns} turns, "
              f"{len(crowd.lost())} lost")
        assert started([first, second]) == CALLS and not crowd.lost()

        third = own_gateway(listen={"address": to_come.address}, admin={"address": to_come.admin}, shutdown=SHUTDOWN)
        until(["UP"] * 3, "is one of three that are up")
        crowd.join(CALLS // 4)
        time.sleep(6 * PACE)
        servers = [first, second, third]
        print(f"one added: {[live(server) for server in servers]} calls; {crowd.turns} turns, {len(crowd.lost())} lost")
        assert started(servers) == crowd.count and live(third) > 0 and not crowd.lost()

        # A drain: its calls stay, and new ones go elsewhere.
        first.signal()
        drained = live(first)
        time.sleep(2)
        crowd.join(CALLS // 10 + 1)
        time.sleep(2)
        print(f"one drained: {[live(server) for server in servers]} calls; {crowd.turns} turns, {len(crowd.lost())} lost")
        assert live(first) == drained > 0 and started(servers) == crowd.count and not crowd.lost()

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
        losers = crowd.losers()
        assert len(resumed) == own and losers <= resumed, "nobody else noticed"
        assert len(lost) <= own and not crowd.lost(since=on + 1), lost[:3]
        assert started([first, third]) == before + own

        turns = crowd.turns
        time.sleep(3 * PACE + 1)
        assert crowd.turns - turns >= crowd.count, "every call goes on"
        crowd.leave()
        assert first.wait(60 if SLOW else 20) == 0


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
        crowd = stack.enter_context(Herd(token, PACE))
        for n, proxy in enumerate(proxies):
            crowd.connect(f"edge-{n + 1}", proxy, CONNECTIONS)
        crowd.go_by("edge-1", "edge-2", each="turn")
        crowd.join(CALLS)
        time.sleep(6 * PACE)
        print(f"two edges: {CALLS} calls, {[live(server) for server in servers]}; {crowd.turns} turns, "
              f"{len(crowd.lost())} lost")
        assert started(servers) == CALLS and not crowd.lost(), [proxy.stats("chkdown") for proxy in proxies]

        proxies[0].process.kill()
        proxies[0].process.wait()
        crowd.go_by("edge-2")
        died = time.monotonic()
        time.sleep(4)
        print(f"one edge killed: {len(crowd.lost())} turns lost with it; {crowd.turns} turns")
        assert started(servers) == CALLS and not crowd.lost(since=died + 2), crowd.lost()[-3:]
        crowd.leave()


@pytest.mark.skipif(not FULL, reason="takes a minute: Scripts/cluster-test")
def test_an_edge_before_a_cluster(own_gateway, tmp_path, certificates, token):
    """With the edge's table nothing is relayed; one is added, one killed, whose calls are adopted, and one hands over."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    settings = {"shutdown": SHUTDOWN | {"grace": "0s"}}
    first, second = cluster.start(2, **settings)
    to_come = types.SimpleNamespace(address=f"127.0.0.1:{free_port()}", admin=f"127.0.0.1:{free_port()}")
    with edge("haproxy-shipped", folder(tmp_path, "edge"), certificates, first, second, to_come, changes=BEFORE_A_CLUSTER) as proxy, \
            Herd(token, PACE) as crowd:
        second.until(lambda: sorted(proxy.stats().values()) == ["DOWN", "UP", "UP"], "is one of two that are up")
        crowd.connect("edge", proxy, CONNECTIONS)
        crowd.go_by("edge")

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
        losers = crowd.losers()
        assert losers <= taken_up(first) | taken_up(third), "nobody else noticed"
        assert len(taken_up(first) | taken_up(third)) - resumed == own
        assert sum(map(live, servers)) == crowd.count and not crowd.lost(killed + 6), crowd.lost(killed + 6)[:3]

        ended, own = time.monotonic(), live(first)
        first.signal()
        assert first.wait(60) == 0
        gone = time.monotonic() - ended
        time.sleep(3 * PACE)
        tell(f"one ended that had {own}, gone after {gone:.1f} s", [third], since=ended)
        assert not crowd.lost(ended) and live(third) == crowd.count, crowd.lost(ended)[:3]
        crowd.leave()
    cluster.redis.kill()
