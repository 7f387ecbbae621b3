"""The world of the fault suite: a server, what is around it, and what goes wrong there while calls are played."""

import collections
import concurrent.futures
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import threading
import time
import uuid

import grpc

import bots
import fault_bots
from collector import Collector
from conftest import TENANT_A, TENANT_B, agent, configuration, make_certificates
from edge import edge
from fault_calls import HOLD, LATE, FaultCaller
from fault_kinds import FIRST, LATER
from fault_machine import Machine
from gateway import Gateway
from issuer import VOICE_SCHEMA, Issuer, new_key
from media import FORKING_SCHEMA, MEETING_SCHEMA
from relays import LOSSY, Relay, SlowRelay
from speech import SOUNDS

IDLE, LOST = 30, 10  # s: limits.idle, limits.lost_after; more than a busy machine keeps a caller from its next RPC
SHORT_IDLE = 10
VANISHED = 60  # s: the server's own look after peers that say nothing (keepalive, or the time between two messages)
DISK, ROOM = 2048, 128  # KB: the size of the recordings' disk, and what of it is free at first
SETTLED = 40  # s after its publication an issuer signs with a key
OWN_FORM = {"grpc": {"audio": "mulaw"}, "media-streams": {"turn_silence": "5s"}, "realtime": {"format": "pcmu"}}
OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 8 << 20),
           ("grpc.ssl_target_name_override", "localhost")]


def agents(urls, behind):
    """Good ones of each engine, and one for each fault, in both response modes. `behind` is the engine of a server that has
    the bot."""
    made = []
    fallback = {"prompt": str(SOUNDS / "sorry.wav")}
    patient = {"failures": 1000, "window": "1s"}  # each call shall try its bot
    # A mute bot is known by its silence, sooner than a good one that is slow.
    hasty = {"timeouts": {"connect": "1s", "first_answer": "2s"}, "breaker": patient}
    slower = {"timeouts": {"connect": "3s", "first_answer": "6s"}, "breaker": patient}
    # Whether a good one is in time the caller judges, by what the machine let it do.
    good = {"timeouts": {"connect": "10s", "first_answer": "30s"}}
    for mode in ("wav", "chunk"):
        made.append(agent(f"demo-{mode}", mode, {"kind": "demo"}, default=mode == "wav"))
        for kind, form in OWN_FORM.items():
            more = {"kind": kind} | form
            made.append(agent(f"{kind}-{mode}", mode, more | good | {"url": urls[f"{kind}-good"]}, fallback=fallback))
            for fault in [*FIRST, *LATER, *(["drip"] if kind == "grpc" else [])]:
                engine = more | {"url": urls[f"{kind}-{fault}"]} | (slower if fault in LATER else hasty)
                made.append(agent(f"{kind}-{fault}-{mode}", mode, engine, fallback=fallback))
        grpc_bot = {"kind": "grpc", "audio": "mulaw"}
        made.append(agent(f"mortal-{mode}", mode, grpc_bot | {"url": urls["mortal"]} | hasty, fallback=fallback))
        made.append(agent(f"byova-{mode}", mode, behind | good | {"agent": f"behind-{mode}"}, fallback=fallback))
        made.append(agent(f"kept-{mode}", mode, grpc_bot | good | {"url": urls["grpc-good"]}, recorded=True))
    return made


class Disk:
    """A folder for recordings that is soon full, where the machine lets us mount one."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}k", "none", folder], capture_output=True, text=True)
        self.why_not = (done.stderr.strip() or "mount fails") if done.returncode else None
        if not self.why_not:
            (folder / "ballast").write_bytes(bytes((DISK - ROOM) << 10))

    def empty(self):
        for file in self.folder.rglob("*"):
            if file.is_file() and file.name not in ("ballast", "audit.jsonl"):
                file.unlink(missing_ok=True)

    def close(self):
        if not self.why_not:
            subprocess.run(["umount", "-l", self.folder], check=True)


class World:
    def __init__(self, options, stack, netem):
        self.options, self.netem = options, netem
        self.folder = pathlib.Path(options.folder)
        self.issuer = Issuer()
        stack.callback(self.issuer.close)
        # When each key was published, or when the issuer answered again where it was down before everybody had the key: in
        # the future while it is down.
        self.born = {"key-1": -1e9}
        self.idle = SHORT_IDLE if options.short else IDLE
        self.lock = threading.Lock()
        urls = stack.enter_context(fault_bots.all_bots())
        self.mortal_port = bots.closed_port()
        self.mortal = fault_bots.Process(self.mortal_port)
        stack.callback(lambda: self.mortal.kill())
        self.disk = Disk(self.folder / "recordings")
        stack.callback(self.disk.close)
        (self.folder / "server").mkdir()
        self.collector = Collector(workers=64)
        stack.callback(self.collector.close)
        self.gateway = Gateway(self.folder / "server", self.settings(
            agents=agents(urls | self.mortal.urls, self.server_behind(urls, stack)),
            logging={"level": "info", "format": "json"},
            receivers=[{"id": "far", "kind": "grpc", "url": self.collector.url, "takes": ["forks", "meetings"],
                        "tenants": [TENANT_A["org"], TENANT_B["org"]]}],
            meetings={"sample_rate": 16000, "audio": {"codec": "opus", "streams": 3}},
            # Refusals because the machine is busy are another test's.
            limits={"idle": f"{self.idle}s", "lost_after": f"{LOST}s", "lag": "10s"} | (
                # A client that half-closes late, where the machine is busy, shall not lose the status at HAProxy.
                {"status_hold": f"{HOLD:.0f}s"} if options.way == "edge" else {}),
            recording={"enabled": False, "directory": str(self.disk.folder)}))
        stack.callback(self.end)
        self.machine = Machine(self.gateway.process.pid)
        stack.callback(self.machine.stop)
        self.root, self.address = None, self.gateway.address
        if options.way == "edge":
            certificates = self.folder / "certificates"
            certificates.mkdir()
            make_certificates(certificates)
            (self.folder / "edge").mkdir()
            for folder in (self.folder, self.folder / "edge"):
                folder.chmod(0o755)
            proxy = stack.enter_context(edge("haproxy-shipped", self.folder / "edge", certificates, self.gateway))
            self.gateway.until(lambda: set(proxy.stats().values()) == {"UP"}, "is up for the proxy")
            self.address, self.root = proxy.address, proxy.root
        self.slow = Relay(self.address, LOSSY) if netem else SlowRelay(self.address)
        stack.callback(self.slow.cut)
        self.channels = [self.channel() for _ in range(8)]
        self.last = []  # what is done when all calls are over
        self.over = threading.Event()

    def settings(self, **changes):
        made = configuration(self.issuer, **changes)
        for tenant in made["identity"]["tenants"]:
            tenant["schemas"] = [VOICE_SCHEMA, FORKING_SCHEMA, MEETING_SCHEMA]
        return made

    def server_behind(self, urls, stack):
        """Another server with a good bot, and an issuer that nothing happens to: the engine that asks it."""
        issuer = Issuer()
        stack.callback(issuer.close)
        folder = self.folder / "behind"
        folder.mkdir()
        bot = {"kind": "grpc", "audio": "mulaw", "url": urls["grpc-good"], "timeouts": {"first_answer": "30s"}}
        server = Gateway(folder, configuration(
            issuer, agents=[agent(f"behind-{mode}", mode, bot) for mode in ("wav", "chunk")],
            logging={"level": "info", "format": "json"}, limits={"idle": f"{IDLE}s", "lost_after": f"{LOST}s", "lag": "10s"}))
        stack.callback(server.process.wait)
        stack.callback(server.process.kill)
        token = folder / "token"
        token.write_text(issuer.token(TENANT_A, exp=int(time.time()) + 7200))
        token.chmod(0o600)
        return {"kind": "byova", "url": f"http://{server.address}", "authorization_file": str(token)}

    def end(self):
        if self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()

    def channel(self, address=None):
        address = address or self.address
        if self.root is None:
            return grpc.insecure_channel(address, OPTIONS)
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(self.root), OPTIONS)

    # What goes wrong meanwhile

    @contextlib.contextmanager
    def disturbed(self):
        threads = [threading.Thread(target=each) for each in (self._keys, self._bots, self._disk)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _keys(self):
        """The issuer's keys are exchanged; after every second time it is down for a while."""
        names = ("first", "second", "third")
        pairs = {name: new_key(f"rotating {name}") for name in names}
        for number in itertools.count(2):
            if self.over.wait(5 if number == 2 else 15):
                return
            kid, pair = f"rotated-{number}", pairs[names[number % 3]]
            with self.lock:
                self.issuer.keys[kid] = pair
                self.born[kid] = time.monotonic()
            if self.over.wait(20):
                return
            goes_down = number % 2 == 0
            if goes_down:
                with self.lock:
                    unsettled = [kid for kid, born in self.born.items() if time.monotonic() - born < SETTLED]
                    self.born |= dict.fromkeys(unsettled, float("inf"))
                self.issuer.status = 503
            if self.over.wait(10):
                return
            if goes_down:
                self.issuer.status = 200
                with self.lock:
                    self.born |= dict.fromkeys(unsettled, time.monotonic())
            with self.lock:  # the settled ones but for the newest two are withdrawn: no call has their tokens any more
                settled = [kid for kid, born in self.born.items() if time.monotonic() - born > SETTLED]
                for kid in settled[:-2]:
                    del self.born[kid], self.issuer.keys[kid]

    def _bots(self):
        chance = random.Random(self.options.seed)
        while not self.over.wait(chance.uniform(4, 10)):
            self.mortal.kill()
            self.over.wait(chance.uniform(0.2, 2))
            self.mortal = fault_bots.Process(self.mortal_port)

    def _disk(self):
        while not self.disk.why_not and not self.over.wait(20):
            self.disk.empty()

    def token(self, tenant, **claims):
        """As the issuer signs now: by the newest of the keys that everybody has had time to fetch."""
        with self.lock:
            kid = max((kid for kid, born in self.born.items() if time.monotonic() - born > SETTLED), key=self.born.get)
            return self.issuer.token(tenant, kid=kid, key=self.issuer.keys[kid], **claims)

    def newest_token(self, tenant):
        """A token, and for how long its key could have been fetched."""
        with self.lock:
            kid = next(reversed(self.born))
            return self.issuer.token(tenant, kid=kid, key=self.issuer.keys[kid]), time.monotonic() - self.born[kid]

    # What is left at the end

    def metric(self, name):
        """A metric: one series, or the sum of all."""
        return sum(map(float, re.findall(rf"^{re.escape(name)}(?:{{.*}})? (\S+)$", self.gateway.get("/metrics")[1], re.M)))

    def state(self):
        return {"live": self.metric("patchbay_conversations_live"), "files": self.metric("process_open_fds"),
                "memory": self.gateway.memory()}

    def open_files(self):
        """The server's descriptors by what they are: a socket by its state and the port at its far end."""
        process, kinds = pathlib.Path(f"/proc/{self.gateway.process.pid}"), collections.Counter()
        sockets = {}
        for line in (process / "net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            sockets[f"socket:[{fields[9]}]"] = f"TCP {int(fields[1][-4:], 16)}-{int(fields[2][-4:], 16)} state {fields[3]}"
        for file in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                name = os.readlink(file)
                kinds[sockets.get(name, name)] += 1
        return dict(kinds.most_common())

    def log_faults(self):
        """Lines of the log that no server may write: those of a crash, and those that nothing here gives cause for."""
        found = []
        for line in self.gateway.log.splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                found.append(line)
                continue
            if record.get("level") in ("critical", "fault"):
                found.append(line)
        return found


class Call:
    """One call of the plan, and what it borrows from the world."""

    def __init__(self, world, number, kind, agent, seed):
        self.world, self.number, self.kind, self.agent = world, number, kind, agent
        self.chance = random.Random(f"{seed} {number}")
        self.tenant = self.chance.choice((TENANT_A, TENANT_B))
        if agent.startswith("byova"):  # whose other server is asked with the first tenant's token
            self.tenant = TENANT_A
        self.conversation = str(uuid.UUID(bytes=self.chance.randbytes(16), version=4))
        self.callers, self.opened = [], []

    def caller(self, address=None, token=None, slack=0):
        channel = self.channel(address) if address else self.chance.choice(self.world.channels)
        made = FaultCaller(channel, token or self.world.token(self.tenant), self.tenant["org"], self.agent,
                           self.conversation, self.chance, slack, self.world.machine)
        self.callers.append(made)
        return made

    def channel(self, address=None):
        self.opened.append(self.world.channel(address))
        return self.opened[-1]

    def relay(self):
        return Relay(self.world.address)

    def slow_address(self):
        return self.world.slow.address

    def newest_token(self):
        return self.world.newest_token(self.tenant)

    @property
    def old_token(self):
        return self.world.token(self.tenant, iat=int(time.time()) - 7200, exp=int(time.time()) - 3600)

    def later(self, what):
        self.world.last.append(what)

    def play(self, how):
        """How the call ended, and what was wrong."""
        began = time.monotonic()
        try:
            outcome, wrong = how(self), None
        except AssertionError as failure:
            outcome, wrong = "wrong", str(failure) or "an answer that breaks a rule"
            every = [(caller, one) for caller in self.callers for one in caller.interactions]
            if self.world.root and "CANCELLED" in wrong and any(caller.half_closed_late(one) for caller, one in every):
                outcome, wrong = LATE, None
        except Exception as failure:  # the suite's own, which would be hidden by the pool
            outcome, wrong = "wrong", f"{type(failure).__name__}: {failure}"
        for caller in self.callers:
            for interaction in caller.interactions:
                interaction.half_close()
        if self.kind != "vanishes":
            for channel in self.opened:
                channel.close()
        else:
            self.world.last += [channel.close for channel in self.opened]
        took = time.monotonic() - began
        waits = [wait for caller in self.callers for wait in caller.waits]
        return {"number": self.number, "kind": self.kind, "agent": self.agent, "conversation": self.conversation,
                "outcome": outcome, "wrong": wrong, "waits": waits,
                "took": took, "unheard": sum(caller.unheard for caller in self.callers)}


def play(world, plan, at_once):
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(lambda one: one[0].play(one[1]), [(Call(world, *rest), how) for how, *rest in plan])
