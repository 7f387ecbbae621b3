"""Many calls over three servers with no affinity before them: every turn is answered, once, and by the rules, also while
servers are exchanged. In full size by Scripts/cluster-test."""

import contextlib
import json
import os
import statistics
import time

import pytest

from caller import Caller
from cluster import Cluster, logged, metric
from conftest import TENANT_A
from edge import edge
from gateway import SLOW, run
from herd import Herd
from schemas import SESSION_START
from speech import SOUNDS

# The full size: Scripts/cluster-test
CALLS = int(os.environ.get("CLUSTER_CALLS", 8))
FULL = "CLUSTER_CALLS" in os.environ
# Seconds between two turns of a call: what two cores carry, with the servers and the client on them.
PACE = max(0.5, CALLS / 100)
SECONDS = 8 * PACE


@contextlib.contextmanager
def crowd_on(servers, token):
    """Calls over one connection to each server; servers are named by their place here."""
    with Herd(token, PACE) as crowd:
        for n, server in enumerate(servers):
            crowd.connect(n, server)
        crowd.go_by(*range(len(servers)))
        crowd.join(CALLS)
        yield crowd


def relayed(servers):
    return sum(metric(server, "patchbay_relayed_rpcs_total", direction="out") for server in servers)


def live(servers):
    return sum(metric(server, "patchbay_conversations_live") for server in servers)


def test_round_robin(own_gateway, tmp_path, token):
    """Each call is one conversation, and each turn is answered; also while one of the servers ends, and others take its calls."""
    cluster = Cluster(own_gateway, tmp_path, lease="3s")
    servers = cluster.start(3, shutdown={"drain": "1m", "grace": "0s"})
    with crowd_on(servers, token) as crowd:
        time.sleep(SECONDS)
        assert live(servers) == CALLS, "two servers have one call"
        own = metric(servers[0], "patchbay_conversations_live")
        servers[0].signal()
        crowd.go_by(1, 2)
        # It leaves its calls to the others between two turns, and ends long before they do.
        assert servers[0].wait(30 if SLOW else 15) == 0 and own > 0
        handed = len([end for end in logged(servers[0], "conversation ended") if end["reason"] == "handed_over"])
        assert handed == own
        servers = servers[1:]
        time.sleep(2 * PACE + 1)
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
def test_a_rolling_restart(own_gateway, tmp_path, token):
    """All three are exchanged, one after the other, under calls and with new ones: none is refused or cut."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    settings = {"shutdown": {"notice": "1s", "drain": "2m", "grace": "0s"}}
    servers = cluster.start(3, **settings)
    with crowd_on(servers, token) as crowd:
        time.sleep(3)
        for n in range(3):
            (new,) = cluster.start(1, **settings)
            crowd.connect(n + 3, new)
            servers.append(new)
            old = servers.pop(0)
            own = metric(old, "patchbay_conversations_live")
            old.signal()
            # The edge notices a moment later: what comes meanwhile is no worse for it.
            time.sleep(0.5)
            crowd.go_by(n + 1, n + 2, n + 3)
            began = time.monotonic()
            crowd.join(CALLS // 10)
            assert old.wait(90) == 0
            print(f"server {n + 1} of 3 exchanged, it had {own} calls: gone after {time.monotonic() - began:.1f} s; "
                  f"{crowd.turns} turns, {len(crowd.lost())} lost")
        # A call that was handed over begins at another with its next key.
        servers[0].until(lambda: live(servers) == crowd.count, "and the others have all calls")
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
