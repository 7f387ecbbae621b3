"""Servers of a cluster, each on a machine of its own (a network namespace), of which one is cut off from Redis, from the other
servers, or from everything, under many calls. In full size by Scripts/cluster-test."""

import contextlib
import os
import socket
import time

import pytest

from cluster import Cluster, Forwarder, metric
from cluster_log import Judge, calls_of, status_faults
from conftest import agent
from herd import Herd, ScribeBot
from namespaces import FRONT, NETWORKS, PEERS, STORE, networks, reason_against

FULL = "CLUSTER_CALLS" in os.environ
CALLS = int(os.environ.get("CLUSTER_CALLS", 6))
# Seconds between two turns of a call: what two cores carry, with the servers, the client and the bot on them.
PACE = max(0.5, CALLS / 60)
pytestmark = pytest.mark.skipif(reason_against() is not None, reason=f"no network namespaces: {reason_against()}")


def live(servers):
    return [metric(server, "patchbay_conversations_live") for server in servers]


@contextlib.contextmanager
def world(own_gateway, tmp_path, issuer, token, each="rpc"):
    """Three machines with a server each, calls of which each RPC goes by the next server, or each call by one, with numbered
    audio before each entry, and a bot that writes down what it is told."""
    with contextlib.ExitStack() as stack:
        net = stack.enter_context(networks())
        machines = [net.add() for _ in range(3)]
        bot = stack.enter_context(ScribeBot(f"{FRONT}.1"))
        crowd = stack.enter_context(Herd(token, PACE, "bot"))
        cluster = Cluster(own_gateway, tmp_path, f"{STORE}.1", lease="2s")
        for n, machine in enumerate(machines):
            # Keys come from the loopback interface alone without TLS.
            stack.enter_context(Forwarder(
                issuer.port, machine.run(socket.create_server, ("127.0.0.1", issuer.port))))
            cluster.start(
                machine=machine, listen={"address": f"{machine.address(FRONT)}:0", "plaintext": True},
                cluster=cluster.settings(address=f"{machine.address(PEERS)}:0"),
                agents=[agent("bot", "wav", bot.engine | {"resumes": True, "plaintext": True}, default=True)])
            crowd.connect(n, cluster.servers[n])
        crowd.go_by(0, 1, 2, each=each)
        crowd.join(CALLS, keys=None, messages=3)
        yield machines, cluster.servers, crowd, bot
        cluster.redis.kill()


@pytest.mark.timeout(280)
def test_one_is_cut_off(own_gateway, tmp_path, issuer, token):
    with world(own_gateway, tmp_path, issuer, token) as (machines, servers, crowd, bot):
        def say(what, since, late=1e12):
            lost, afterwards = crowd.lost(since=since), crowd.lost(since=late)
            fenced = [metric(server, "patchbay_conversations_fenced_total") for server in servers]
            print(f"{what}: {crowd.turns} turns so far, {len(lost)} lost, {len(afterwards)} of them late; live at each "
                  f"{live(servers)}, ended for others {fenced}", flush=True)
            return lost, afterwards

        time.sleep(3 * PACE)
        lost, _ = say("nothing amiss", 0)
        assert not lost, lost[:3]
        had = live(servers)

        began = time.monotonic()
        with machines[0].cut_off(STORE):
            time.sleep(8 if FULL else 4)
        time.sleep(1 + PACE)
        lost, _ = say("one cut off from Redis", began)
        assert not lost and live(servers) == had, lost[:3]

        began = time.monotonic()
        with machines[1].cut_off(PEERS):
            time.sleep(10 if FULL else 3)
        healed = time.monotonic()
        time.sleep(6 + 2 * PACE)
        lost, late = say("one cut off from the other servers", began, healed + 6)
        assert not late and live(servers) == had, late[:3]

        began = time.monotonic()
        with machines[2].cut_off(*NETWORKS):
            crowd.go_by(0, 1)
            time.sleep(15 if FULL else 6)
        # What was under way at it goes on when its lost segments come again.
        servers[2].until(lambda: sum(live(servers)) == CALLS, "knows which calls are others'")
        time.sleep(PACE)
        lost, late = say("one cut off from everything", began, began + 7)
        assert not late, late[:3]

        lay_side_by_side(crowd, bot, servers, tmp_path)


@pytest.mark.timeout(280)
def test_calls_stay_where_they_are(own_gateway, tmp_path, issuer, token):
    """As an edge with affinity has it: whoever is cut off from Redis and the other servers, but not from its callers and bots, goes
    on with its calls, and nobody else is asked for them."""
    with world(own_gateway, tmp_path, issuer, token, each="call") as (machines, servers, crowd, bot):
        time.sleep(PACE)
        began = time.monotonic()
        with machines[2].cut_off(STORE, PEERS):
            time.sleep(8 if FULL else 3)
            crowd.join(3, keys=None, messages=3)
        time.sleep(2 + PACE)
        lost = crowd.lost(since=began)
        print(f"one cut off from Redis and the other servers, each call by one server: {crowd.turns} turns so far, "
              f"{len(lost)} lost; live at each {live(servers)}", flush=True)
        assert not lost and sum(live(servers)) == crowd.count, lost[:3]
        lay_side_by_side(crowd, bot, servers, tmp_path)


def lay_side_by_side(crowd, bot, servers, tmp_path):
    crowd.leave()
    judge = Judge(calls_of(crowd, tmp_path / "calls"), bot.streams(tmp_path / "streams"))
    judge.faults += status_faults(servers)
    print(judge.said, flush=True)
    assert judge.faults == []
