"""What every caller and every bot of a cluster saw, laid side by side, while servers are killed, stopped, ended and added at
random: each entry of a caller reached exactly one bot, once and in order, and nobody heard of another's call. In full size
by Scripts/cluster-test."""

import collections
import os
import random
import signal
import threading
import time

import bots
from bots import bot, end_turn
from cluster import Cluster, SpreadCaller
from conftest import TENANT_A, TENANT_B, agent

# The full size: Scripts/cluster-test
CALLS = int(os.environ.get("CLUSTER_CALLS", 6))
FULL = "CLUSTER_CALLS" in os.environ
DISTURBANCES = int(os.environ.get("CLUSTER_DISTURBANCES", 8))


class Scribe:
    """A bot that writes down what it is told, and answers with whose call it is: its entries are the log that is checked."""

    def __init__(self):
        self.entries = collections.defaultdict(list)
        self.lock = threading.Lock()

    def __call__(self, call, event):
        told = call.hello.call
        match event.WhichOneof("event"):
            case "digits":
                with self.lock:
                    self.entries[told.organization, told.conversation].append((told.epoch, event.digits.digits))
                said = f"{event.digits.digits} {told.conversation} {told.organization}"
                yield bot.BotMessage(turn=event.turn, text={"text": said})
                yield end_turn(event.turn, mode=3, digit_count=4)
            case "started" | "no_input":
                yield bot.BotMessage(turn=event.turn, text={"text": "Yes?"})
                yield end_turn(event.turn, mode=3, digit_count=4)


class Numberer(threading.Thread):
    """A caller who keys 0001, 0002, … and knows which of them were answered; each RPC goes to the next server."""

    def __init__(self, fleet, tenant, token, conversation):
        super().__init__(daemon=True)
        self.answered, self.lost, self.wrong, self.over = [], [], [], threading.Event()
        self.fleet, self.tenant, self.conversation = fleet, tenant, conversation
        self.caller = fleet.caller(tenant, token, conversation)
        self.start()

    def run(self):
        number = 0
        self.caller.start()
        while not self.over.wait(random.uniform(0.2, 0.6)):
            number += 1
            self.caller.channels = self.fleet.channels()
            began = time.monotonic()
            try:
                turn = self.caller.press(f"{number:04}")
                assert turn.event is None, f"{turn.event}"
                if turn.text != f"{number:04} {self.conversation} {self.tenant['org']}":
                    self.wrong.append((number, turn.text))
                self.answered.append(number)
            except Exception as problem:  # whatever a caller may see
                self.lost.append((began, number, str(problem)[:160]))
        try:
            self.caller.channels = self.fleet.channels()
            self.caller.hang_up()
        except Exception as problem:  # the same
            self.lost.append((time.monotonic(), 0, f"hang-up: {problem}"[:160]))


class Fleet:
    """Servers of a cluster, of which the edge knows those that take RPCs."""

    def __init__(self, cluster, agents):
        self.cluster, self.agents, self.open, self.all = cluster, agents, {}, []

    def add(self):
        (server,) = self.cluster.start(agents=self.agents, shutdown={"drain": "1m", "grace": "0s"})
        self.all.append(server)
        self.open[server] = server.channel()
        return server

    def channels(self):
        return list(self.open.values())

    def caller(self, tenant, token, conversation):
        made = SpreadCaller(list(self.open), token, "bot", conversation=conversation)
        made.close()
        made.org, made.channels, made.turn = tenant["org"], self.channels(), random.randrange(9)
        return made

    def leave(self, server):
        """Nothing more is sent to it."""
        self.open.pop(server)

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
        channel = self.open[server]
        self.leave(server)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(6)
        server.process.send_signal(signal.SIGCONT)
        time.sleep(3)
        self.open[server] = channel

    def extend(self, _):
        self.add()


def test_each_entry_reaches_one_bot_once(own_gateway, tmp_path, issuer):
    """Short: one server ends and another comes, then one is killed. In full: so many disturbances of all kinds at random."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    scribe = Scribe()
    with bots.Bot(scribe, workers=3 * CALLS + 40) as serving:
        fleet = Fleet(cluster, [agent("bot", "wav", serving.engine | {"resumes": True}, default=True)])
        for _ in range(3):
            fleet.add()
        tokens = [(TENANT_A, issuer.token(TENANT_A)), (TENANT_B, issuer.token(TENANT_B))]
        # Two tenants have the same ids.
        numberers = [Numberer(fleet, *tokens[n % 2], f"call-{n // 2}") for n in range(CALLS)]
        time.sleep(3)
        kinds = [fleet.drain, fleet.kill]
        if FULL:
            kinds = random.choices([fleet.drain, fleet.kill, fleet.stop, fleet.extend], k=DISTURBANCES)
        for kind in kinds:
            server = random.choice(list(fleet.open))
            print(f"{kind.__name__}: {sum(len(n.answered) for n in numberers)} entries answered, "
                  f"{sum(len(n.lost) for n in numberers)} lost", flush=True)
            kind(server)
            time.sleep(3)
        time.sleep(3)
        for numberer in numberers:
            numberer.over.set()
        for numberer in numberers:
            numberer.join(90)
            assert not numberer.is_alive(), "an RPC has no status"
        for channel in fleet.channels():
            channel.close()

    answered = sum(len(numberer.answered) for numberer in numberers)
    lost = [loss for numberer in numberers for loss in numberer.lost]
    print(f"{CALLS} calls, {len(kinds)} disturbances: {answered} entries answered, {len(lost)} lost")
    assert [n.wrong for n in numberers if n.wrong] == [], "a caller was told of another's call"
    for numberer in numberers:
        got = scribe.entries[numberer.tenant["org"], numberer.conversation]
        numbers = [int(digits) for _, digits in got]
        assert numbers == sorted(set(numbers)), f"an entry came twice or out of order: {got}"
        assert set(numberer.answered) <= set(numbers)
        epochs = [epoch for epoch, _ in got]
        assert epochs == sorted(epochs), f"a bot that had lost the call was told of an entry: {got}"
    # Each kill or stop may cost a call the entry that is under way, and what comes until the lease is over.
    assert answered > CALLS and len(lost) <= 3 * CALLS * max(1, sum(k.__name__ in ("kill", "stop") for k in kinds)), lost[:5]
    assert set(scribe.entries) == {(n.tenant["org"], n.conversation) for n in numberers}
    cluster.redis.kill()
