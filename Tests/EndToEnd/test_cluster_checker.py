"""What every caller and every bot of a cluster saw, laid side by side, while servers are killed, stopped, ended and added at
random: each entry of a caller reached exactly one bot, once and in order, and nobody heard of another's call. In full size
by Scripts/cluster-test."""

import collections
import os
import random
import signal
import threading
import time

import pytest

import bots
from bots import bot, end_turn
from cluster import Cluster, SpreadCaller
from conftest import TENANT_A, TENANT_B, agent

# The full size: Scripts/cluster-test
FULL = "CLUSTER_CALLS" in os.environ
AT_ONCE = min(60, int(os.environ.get("CLUSTER_CALLS", 6)))
TOTAL = int(os.environ.get("CLUSTER_TOTAL", AT_ONCE))
ENTRIES = 5  # of each call, in full


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


class Entries:
    """One call: what its caller keyed, and what of it was answered."""

    def __init__(self, tenant, token, conversation):
        self.tenant, self.token, self.conversation = tenant, token, conversation
        self.answered, self.lost, self.wrong = [], [], []

    def play(self, fleet, is_over):
        """Keys 0001, 0002, …, each RPC at the next server, and hangs up."""
        caller = fleet.caller(self.tenant, self.token, self.conversation)
        self.attempt("greeting", caller, fleet, caller.start)
        number = 0
        while not is_over(number):
            number += 1
            if turn := self.attempt(f"{number:04}", caller, fleet, lambda: caller.press(f"{number:04}")):
                if turn.text != f"{number:04} {self.conversation} {self.tenant['org']}":
                    self.wrong.append((number, turn.text))
                self.answered.append(number)
            time.sleep(random.uniform(0.2, 0.6))
        self.attempt("hang-up", caller, fleet, caller.hang_up)

    def attempt(self, what, caller, fleet, act):
        caller.channels, began = fleet.channels(), time.monotonic()
        try:
            turn = act()
            assert what in ("greeting", "hang-up") or turn.event is None, f"{turn.event}"
            return turn
        except Exception as problem:  # whatever a caller may see
            self.lost.append((began, what, str(problem)[:160]))


class Line(threading.Thread):
    """Plays one call after the other until there are no more; in the short form one, until it is told to hang up."""

    def __init__(self, fleet, calls, over):
        super().__init__(daemon=True)
        self.fleet, self.calls, self.over, self.played = fleet, calls, over, []
        self.start()

    def run(self):
        while not (FULL and self.over.is_set()) and (call := next(self.calls, None)):
            self.played.append(call)
            call.play(self.fleet, lambda number: number == ENTRIES if FULL else self.over.is_set())


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
        if len(self.open) < 5:
            self.add()


class Queue:
    """The calls that are still to be played, for many threads."""

    def __init__(self, calls):
        self.calls, self.lock = iter(calls), threading.Lock()

    def __next__(self):
        with self.lock:
            return next(self.calls)


@pytest.mark.timeout(1500)
def test_each_entry_reaches_one_bot_once(own_gateway, tmp_path, issuer):
    """Short: one server ends and another comes, then one is killed. In full: many calls, and disturbances of all kinds at
    random until the last has been played."""
    cluster = Cluster(own_gateway, tmp_path, lease="2s")
    scribe = Scribe()
    with bots.Bot(scribe, workers=3 * AT_ONCE + 40) as serving:
        fleet = Fleet(cluster, [agent("bot", "wav", serving.engine | {"resumes": True}, default=True)])
        for _ in range(3):
            fleet.add()
        tokens = [(TENANT_A, issuer.token(TENANT_A)), (TENANT_B, issuer.token(TENANT_B))]
        # Two tenants have the same ids.
        calls = [Entries(*tokens[n % 2], f"call-{n // 2}") for n in range(TOTAL)]
        queue, over = Queue(calls), threading.Event()
        lines = [Line(fleet, queue, over) for _ in range(AT_ONCE)]
        time.sleep(3)
        disturbances = []

        def disturb(kind):
            disturbances.append((time.monotonic(), kind.__name__))
            kind(random.choice(list(fleet.open)))
            time.sleep(3)

        if FULL:
            kinds = [fleet.drain, fleet.kill, fleet.stop, fleet.extend]
            while any(line.is_alive() for line in lines) and len(disturbances) < 200:
                disturb(random.choice(kinds))
        else:
            disturb(fleet.drain)
            disturb(fleet.kill)
            time.sleep(3)
        over.set()
        for line in lines:
            line.join(90)
            assert not line.is_alive(), "an RPC has no status"
        for channel in fleet.channels():
            channel.close()

    lost = [loss for call in calls for loss in call.lost]
    answered = sum(len(call.answered) for call in calls)
    print(f"{sum(len(line.played) for line in lines)} calls, {AT_ONCE} at once: {answered} entries answered, {len(lost)} "
          "greetings, entries and hang-ups lost")
    harm = 0
    for kind in sorted({kind for _, kind in disturbances}):
        times = [(began, min([b for b, _ in disturbances if b > began], default=float("inf")))
                 for began, name in disturbances if name == kind]
        within = [loss for loss in lost if any(began - 1 <= loss[0] < end - 1 for began, end in times)]
        harm += len(times) * (kind in ("kill", "stop"))
        print(f"  {kind}, {len(times)} times: {len(within)} lost {within[:2]}", flush=True)
    assert [call.wrong for call in calls if call.wrong] == [], "a caller was told of another's call"
    for call in calls:
        got = scribe.entries.get((call.tenant["org"], call.conversation), [])
        numbers = [int(digits) for _, digits in got]
        assert numbers == sorted(set(numbers)), f"an entry came twice or out of order: {got}"
        assert set(call.answered) <= set(numbers)
        epochs = [epoch for epoch, _ in got]
        assert epochs == sorted(epochs), f"a bot that had lost the call was told of an entry: {got}"
    # Each kill or stop may cost a call the entry that is under way, and what comes until the lease is over.
    assert answered > TOTAL and len(lost) <= 3 * AT_ONCE * max(1, harm), lost[:5]
    assert set(scribe.entries) <= {(call.tenant["org"], call.conversation) for call in calls}
    cluster.redis.kill()
