"""Calls by the hundred from one process that costs little (`herd_calls.py`), and a bot that costs as little
(`scribe_bot.py`)."""

import json
import pathlib
import subprocess
import sys
import threading
import uuid

from conftest import TENANT_A

HERE = pathlib.Path(__file__).parent
# By so much a client of these may have come late itself, before what it calls lost says nothing of a server.
TOO_LATE = 1.0


class Worker:
    """A process of this folder that is told what to do in lines of JSON."""

    def __init__(self, file, *arguments):
        self.process = subprocess.Popen([sys.executable, HERE / file, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        cwd=HERE)
        self.lock = threading.Lock()

    def tell(self, do, **order):
        with self.lock:
            self.process.stdin.write(json.dumps({"do": do} | order) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        assert line, f"{self.process.args[1].name} has ended with {self.process.wait(10)}"
        return json.loads(line)

    def close(self):
        self.process.kill()
        self.process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Herd(Worker):
    """Calls of one tenant that press a key every `pace` seconds until they are told to hang up: two RPCs each time, each at the
    next of the servers or edges that they go by."""

    def __init__(self, token, pace, agent="demo-wav", between=0.02):
        """`between`: seconds between two calls that begin."""
        super().__init__("herd_calls.py")
        self.pace, self.agent, self.between, self.count, self.places = pace, agent, between, 0, {}
        self.trust(TENANT_A, token)

    def trust(self, tenant, token):
        """Calls of this tenant have this token."""
        self.tell("trust", tokens={tenant["org"]: token})

    def connect(self, name, place, count=1):
        """A server or an edge, from now on under this name; `count`: connections to it."""
        root = getattr(place, "root", None)
        file = None
        if root:
            file = str(pathlib.Path(place.folder) / "root.pem")
            pathlib.Path(file).write_bytes(root)
        self.tell("connect", name=name, address=place.address, root=file, count=count)

    def go_by(self, *names, each="rpc"):
        self.tell("go_by", names=names, each=each)

    def plan(self, number, **changes):
        return {"number": number, "org": TENANT_A["org"], "conversation": str(uuid.uuid4()), "agent": self.agent,
                "tracking": f"ENDTOEND_{uuid.uuid4()}", "pace": self.pace, "entries": None, "messages": 0, "keys": "4"} | changes

    def join(self, calls, **changes):
        """So many more calls; returns when they have been greeted. `changes`: of what they do."""
        plans = [self.plan(self.count + n, **changes) for n in range(calls)]
        self.count += calls
        self.places |= {plan["number"]: plan["conversation"] for plan in plans}
        self.tell("join", plans=plans, between=self.between)

    def play(self, plans, at_once):
        """Plays calls one after the other, so many at once, and returns at once."""
        self.tell("play", plans=plans, at_once=at_once)

    # What has become of them

    def report(self):
        return self.tell("report")

    @property
    def turns(self):
        return self.report()["turns"]

    def lost(self, since=0.0):
        """Times and reasons of what was lost, while this process was in time."""
        return [loss[:3] for loss in self.report()["lost"] if loss[0] >= since and loss[4] < TOO_LATE]

    def losers(self):
        """The conversations that lost something."""
        return {self.places[loss[3]] for loss in self.report()["lost"]}

    def longest(self, since=0.0, until=1e12):
        return self.tell("longest", since=since, until=until)

    def leave(self):
        """All hang up. Says what the client itself has cost, and asserts that it was in time for what it says."""
        self.tell("leave")
        print(self.cost(), flush=True)
        unsure = [loss for loss in self.report()["lost"] if loss[4] >= TOO_LATE]
        assert not unsure, f"this machine is too slow for so many calls: the client was late itself: {unsure[:3]}"

    def cost(self):
        """What the client has needed, for people."""
        said = self.report()
        return (f"  client: {said['rpcs']} RPCs, {said['cpu'] / max(1, said['rpcs']) * 1e3:.2f} ms of processor time for each; late "
                f"by {said['late']:.2f} s at most")


class ScribeBot(Worker):
    """A bot that writes down what it is told."""

    def __init__(self, host="127.0.0.1"):
        super().__init__("scribe_bot.py", host)
        self.url = f"http://{host}:{self.tell('where')['port']}"

    @property
    def engine(self):
        return {"kind": "grpc", "url": self.url, "hears": "everything", "audio": "mulaw"}

    def streams(self, file):
        """All that it was told, stream by stream, in the order of their beginnings."""
        self.tell("write", file=str(file))
        return [json.loads(line) for line in pathlib.Path(file).read_text().splitlines()]
