"""What every caller and every bot of a cluster saw, laid side by side, while servers are killed, stopped, ended and added at
random: each entry and each frame of a caller reached exactly one bot, once and in order, and nobody heard of another's call. In
full size by Scripts/cluster-test."""

import os
import random
import signal
import time

import pytest

from cluster import Cluster
from cluster_log import Judge, calls_of, status_faults
from conftest import TENANT_A, TENANT_B, agent
from herd import Herd, ScribeBot

# The full size: Scripts/cluster-test
FULL = "CLUSTER_CALLS" in os.environ
AT_ONCE = int(os.environ.get("CLUSTER_CALLS", 6))
TOTAL = int(os.environ.get("CLUSTER_TOTAL", AT_ONCE))
# Seconds between two turns of a call: what two cores carry, with the servers, the client and the bot on them.
PACE = max(0.5, AT_ONCE / 60)
ENTRIES = 5  # of each call, in full, each with so many messages of numbered audio before it
MESSAGES = 3


class Fleet:
    """Servers of a cluster, of which the edge knows those that take RPCs."""

    def __init__(self, cluster, agents, crowd):
        self.cluster, self.agents, self.crowd, self.open, self.all = cluster, agents, crowd, {}, []

    def add(self):
        (server,) = self.cluster.start(agents=self.agents, shutdown={"drain": "1m", "grace": "0s"})
        self.crowd.connect(len(self.all), server)
        self.enter(server, len(self.all))
        self.all.append(server)

    def enter(self, server, name):
        self.open[server] = name
        self.crowd.go_by(*self.open.values())

    def leave(self, server):
        """Nothing more is sent to it."""
        name = self.open.pop(server)
        self.crowd.go_by(*self.open.values())
        return name

    # What happens to one of them

    def kill(self, server):
        self.leave(server)
        server.process.kill()
        server.wait()
        self.add()

    def drain(self, server):
        server.signal()
        self.leave(server)
        assert server.wait(90) == 0
        self.add()

    def stop(self, server):
        name = self.leave(server)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(6)
        server.process.send_signal(signal.SIGCONT)
        time.sleep(3)
        self.enter(server, name)

    def extend(self, _):
        if len(self.open) < 5:
            self.add()


@pytest.mark.timeout(850)
def test_each_entry_reaches_one_bot_once(own_gateway, tmp_path, issuer):
    """Short: one server ends and another comes, then one is killed. In full: many calls, and disturbances of all kinds at
    random until the last has been played."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    with ScribeBot() as bot, Herd(issuer.token(TENANT_A), PACE, "bot") as crowd:
        crowd.trust(TENANT_B, issuer.token(TENANT_B))
        fleet = Fleet(cluster, [agent("bot", "wav", bot.engine | {"resumes": True}, default=True)], crowd)
        for _ in range(3):
            fleet.add()
        # Two tenants have the same ids.
        crowd.play([crowd.plan(
            n, org=(TENANT_A, TENANT_B)[n % 2]["org"], conversation=f"call-{n // 2}", keys=None, messages=MESSAGES,
            entries=ENTRIES if FULL else None) for n in range(TOTAL)], AT_ONCE)
        time.sleep(3)
        disturbances = []

        def disturb(kind):
            disturbances.append((time.monotonic(), kind.__name__))
            kind(random.choice(list(fleet.open)))
            time.sleep(3)

        if FULL:
            kinds = [fleet.drain, fleet.kill, fleet.stop, fleet.extend]
            while crowd.report()["running"] and len(disturbances) < 200:
                disturb(random.choice(kinds))
        else:
            disturb(fleet.drain)
            disturb(fleet.kill)
            time.sleep(3)
        crowd.leave()
        lost, played, answered = crowd.lost(), crowd.report()["calls"], crowd.turns
        judge = Judge(calls_of(crowd, tmp_path / "calls"), bot.streams(tmp_path / "streams"))
        judge.faults += status_faults(fleet.all)

    print(f"{played} calls, {AT_ONCE} at once: {answered} entries answered, {len(lost)} greetings, RPCs of audio, entries and "
          f"hang-ups lost\n{judge.said}", flush=True)
    harm = 0
    for kind in sorted({kind for _, kind in disturbances}):
        times = [(began, min([b for b, _ in disturbances if b > began], default=float("inf")))
                 for began, name in disturbances if name == kind]
        within = [loss for loss in lost if any(began - 1 <= loss[0] < end - 1 for began, end in times)]
        harm += len(times) * (kind in ("kill", "stop"))
        print(f"  {kind}, {len(times)} times: {len(within)} lost {within[:2]}", flush=True)
    assert judge.faults == []
    # Each kill or stop may cost a call the entry that is under way, and what comes until the lease is over.
    assert answered > TOTAL and len(lost) <= 3 * AT_ONCE * max(1, harm), lost[:5]
    cluster.redis.kill()
