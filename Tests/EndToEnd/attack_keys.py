#!/usr/bin/env python3
"""Live calls while the issuer of their tokens is slow, down, rotating its keys, and while unknown key ids pour in.

usage: attack_keys.py [--calls 50] [--seconds 30] [--flood 100000] [--flood-seconds 60]     (see Scripts/attack-keys)

What is measured, for every turn: the time from the moment at which the caller sent the frame that decides it to the
moment at which the caller has START_OF_INPUT or END_OF_INPUT. Which frame that is does not depend on time, because
speech is measured in samples: it is the frame after which the answer came at the earliest, over all turns; every turn is
a conversation of its own, so that all have the same frames before. A frame that is held up shows in full. The client's
own delays are in it too: compare with the undisturbed calls.
"""
import argparse
import asyncio
import collections
import contextlib
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

import grpc
import grpc.aio

from issuer import Issuer, base64url, compact_json, new_key
from schemas import LIST_VIRTUAL_AGENTS, PROCESS_CALLER_INPUT, SESSION_END, SESSION_START, Event, voice

ORG, URL = "11111111-aaaa-4111-8111-111111111111", "https://voice.alpha.example.com:443"
TENANT = {"org": ORG, "url": URL, "nonce": "nonce-of-alpha"}
FRAME = 160
LEAD = 15  # frames of silence before the words


# One process of callers


async def turn(channel, token, words, marks):
    """A conversation of one spoken turn."""
    conversation = str(uuid.uuid4())
    metadata = (("authorization", token),)
    method = channel.stream_stream(PROCESS_CALLER_INPUT)

    def request(**more):
        return voice.VoiceVARequest(conversation_id=conversation, customer_org_id=ORG, **more).SerializeToString()

    async def event(kind):
        call = method(metadata=metadata, timeout=30)
        await call.write(request(event_input=voice.EventInput(event_type=kind)))
        await call.done_writing()
        async for _ in call:
            pass
        return await call.code()

    assert await event(SESSION_START) is grpc.StatusCode.OK
    line = method(metadata=metadata, timeout=30)
    quiet = request(audio_input={"caller_audio": b"\xff" * FRAME, "encoding": 2, "sample_rate_hertz": 8000})
    frames = [quiet] * LEAD + [
        request(audio_input={"caller_audio": words[at : at + FRAME], "encoding": 2, "sample_rate_hertz": 8000})
        for at in range(0, len(words) - FRAME + 1, FRAME)]
    sent, over = [], asyncio.Event()

    async def speak():
        due = time.monotonic()
        for index in range(len(frames) + 200):
            if over.is_set():
                break
            sent.append(time.monotonic())
            try:
                await line.write(frames[index] if index < len(frames) else quiet)
            except (grpc.RpcError, asyncio.InvalidStateError):
                return  # the RPC has ended meanwhile; how, its status tells
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        if not line.done():
            await line.done_writing()

    speaking = asyncio.create_task(speak())
    async for raw in line:
        now = time.monotonic()
        events = voice.VoiceVAResponse.FromString(raw).output_events
        kind = events[0].event_type if events else None
        if kind in (Event.START_OF_INPUT, Event.END_OF_INPUT):
            marks.append((kind, now, list(sent)))
        if kind == Event.END_OF_INPUT:
            over.set()
    await speaking
    assert await line.code() is grpc.StatusCode.OK, line.details()
    await event(SESSION_END)


async def callers(options):
    words = pathlib.Path(options.words).read_bytes()
    ends = time.monotonic() + options.seconds
    marks, failures = [], []

    async def caller(channel, number):
        await asyncio.sleep(number * 0.37 % 2)
        while time.monotonic() < ends:
            try:
                await turn(channel, options.token, words, marks)
            except (AssertionError, grpc.RpcError) as failure:
                failures.append(f"{time.monotonic()} {type(failure).__name__}: {failure}"[:300])
                await asyncio.sleep(1)

    async with grpc.aio.insecure_channel(options.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        await asyncio.gather(*(caller(channel, n) for n in range(options.calls)))
    print(json.dumps({"marks": marks, "failures": failures}))


async def flood(options):
    """RPCs with key ids that nobody has, at an even pace. Prints how they ended."""
    _, payload, signature = options.token.split(".")
    codes, pace, gate = collections.Counter(), options.flood_seconds / options.flood, asyncio.Semaphore(256)
    async with grpc.aio.insecure_channel(options.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        method = channel.unary_unary(LIST_VIRTUAL_AGENTS)

        async def knock():
            kid = f"unknown-{random.getrandbits(64):x}"
            header = base64url(compact_json({"kid": kid, "typ": "JWT", "alg": "RS256"}))
            try:
                await method(b"", metadata=(("authorization", f"{header}.{payload}.{signature}"),), timeout=30)
                codes["OK"] += 1
            except grpc.RpcError as refusal:
                codes[refusal.code().name] += 1
            finally:
                gate.release()

        began, tasks = time.monotonic(), set()
        for number in range(options.flood):
            await gate.acquire()
            task = asyncio.create_task(knock())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(max(0.0, began + number * pace - time.monotonic()) if number % 16 == 0 else 0)
        await asyncio.gather(*tasks)
    print(json.dumps({"codes": codes, "seconds": time.monotonic() - began}))


# All of it


class Attack:
    """The issuer, the server, the callers, and what happens to them."""

    PROCESSES = 5

    def __init__(self, folder, options):
        from gateway import Gateway
        from speech import recorded

        self.folder, self.options = pathlib.Path(folder), options
        self.issuer = Issuer()
        (self.folder / "words").write_bytes(recorded("vm-theperson").encoded("mulaw"))
        self.gateway = Gateway(self.folder, {
            "listen": {"address": "127.0.0.1:0"}, "admin": {"address": "127.0.0.1:0"},
            "identity": {"issuers": [{"issuer": self.issuer.name, "keys_url": self.issuer.keys_url}],
                         "tenants": [{"org": ORG, "name": "Alpha", "url": URL}]},
            "agents": [{"id": "demo", "name": "Demo", "default": True, "responses": "wav", "engine": {"kind": "demo"}}],
            "logging": {"level": "warning"}, "shutdown": {"drain": "1s"}})
        self.phases = []

    def worker(self, role, *arguments):
        return subprocess.Popen(
            [sys.executable, __file__, "--role", role, "--address", self.gateway.address, *map(str, arguments)],
            stdout=subprocess.PIPE, text=True, cwd=pathlib.Path(__file__).parent)

    @contextlib.contextmanager
    def phase(self, name):
        """A stretch of time, with the fetches in it."""
        began, before = time.monotonic(), len(self.issuer.requests)
        yield
        fetches = len(self.issuer.requests) - before
        self.phases.append({"name": name, "began": began, "ended": time.monotonic(), "fetches": fetches})

    def knock(self, kid, key=None):
        """The status of an RPC whose token names a key."""
        token = self.issuer.token(TENANT, kid=kid, key=key)
        with self.gateway.channel() as channel:
            method = channel.unary_unary(LIST_VIRTUAL_AGENTS)
            try:
                method(voice.ListVARequest(customer_org_id=ORG).SerializeToString(),
                       metadata=(("authorization", token),), timeout=30)
            except grpc.RpcError as refusal:
                return refusal.code().name
        return "OK"

    def knock_for(self, seconds):
        """A token with an unknown key each second: what has the keys fetched."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.knock(f"unknown-{random.getrandbits(64):x}")
            time.sleep(1)

    def run(self):
        o = self.options
        flood_share = o.flood_seconds if o.flood else 0
        token = self.issuer.token(TENANT)
        calls = [o.calls // self.PROCESSES + (n < o.calls % self.PROCESSES) for n in range(self.PROCESSES)]
        # Keys are fetched for an unknown id 30 s after the fetch before, the one of the start.
        warming, undisturbed = 6, max(o.seconds, 25)
        seconds = warming + undisturbed + 2 * o.seconds + flood_share + (o.seconds + 60) * o.rotate
        arguments = ("--seconds", seconds, "--words", self.folder / "words", "--token", token)
        workers = [self.worker("callers", "--calls", n, *arguments) for n in calls if n]
        time.sleep(warming)
        with self.phase("undisturbed"):
            time.sleep(undisturbed)
        with self.phase("slow issuer (10 s)"):
            self.issuer.delay = 10
            self.knock_for(o.seconds)
        with self.phase("issuer down (503)"):
            self.issuer.delay, self.issuer.status = 0, 503
            self.knock_for(o.seconds)
        self.issuer.status, self.rotated = 200, None
        if o.rotate:
            with self.phase("recovering"):
                before, ends = len(self.issuer.requests), time.monotonic() + 60
                while len(self.issuer.requests) == before and time.monotonic() < ends:
                    self.knock_for(1)
            with self.phase("rotating keys"):
                self.issuer.keys["key-3"] = new_key("third")
                published = time.monotonic()
                while time.monotonic() - published < max(o.seconds, 40):
                    if self.knock("key-3", new_key("third")) == "OK" and self.rotated is None:
                        self.rotated = time.monotonic() - published
                    time.sleep(1)
        if o.flood:
            with self.phase(f"{o.flood:,} unknown key ids"):
                flooder = self.worker(
                    "flood", "--flood", o.flood, "--flood-seconds", o.flood_seconds, "--token", token)
                self.flooded = json.loads(flooder.communicate()[0])
        results = [json.loads(worker.communicate()[0]) for worker in workers]
        self.marks = [mark for result in results for mark in result["marks"]]
        self.failures = [failure for result in results for failure in result["failures"]]
        self.gateway.stop()
        self.issuer.close()
        return self

    def delays(self):
        """Milliseconds, by phase."""
        deciding = {}
        for kind, now, sent in self.marks:
            index = sum(1 for time_ in sent if time_ < now) - 1
            deciding[kind] = min(index, deciding.get(kind, index))
        delays = collections.defaultdict(list)
        for kind, now, sent in self.marks:
            at = sent[deciding[kind]]
            for phase in self.phases:
                if phase["began"] <= at < phase["ended"]:
                    delays[phase["name"]].append((now - at) * 1000)
        return delays

    def table(self):
        rows = [f"{'':28} {'turn marks':>10} {'median':>8} {'p99':>8} {'max':>8}   fetches"]
        delays = self.delays()
        for phase in self.phases:
            values = sorted(delays[phase["name"]])
            if not values:
                continue
            p99 = values[min(len(values) - 1, len(values) * 99 // 100)]
            rows.append(f"{phase['name']:28} {len(values):10} {statistics.median(values):6.1f}ms {p99:6.1f}ms "
                        f"{values[-1]:6.1f}ms   {phase['fetches']}")
        if self.rotated is not None:
            rows.append(f"a new key worked {self.rotated:.1f} s after its publication")
        if self.options.flood:
            rows.append(f"the flood took {self.flooded['seconds']:.0f} s and ended with {self.flooded['codes']}")
        rows.append(f"{len(self.failures)} turns failed")
        return "\n".join(rows)


def parsed(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50, help="live calls")
    parser.add_argument("--seconds", type=float, default=30, help="seconds of each phase but the flood")
    parser.add_argument("--flood", type=int, default=100_000, help="unknown key ids")
    parser.add_argument("--flood-seconds", type=float, default=60, help="seconds of the flood")
    parser.add_argument("--no-rotate", dest="rotate", action="store_false", help="leave out the rotation")
    for hidden in ("--role", "--address", "--token", "--words"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main():
    options = parsed()
    if options.role:
        asyncio.run({"callers": callers, "flood": flood}[options.role](options))
        return
    with tempfile.TemporaryDirectory() as folder:
        attack = Attack(folder, options).run()
    print(attack.table())
    for failure in attack.failures[:10]:
        print(failure)
    flood_fetches = attack.phases[-1]["fetches"] if options.flood else 0
    undisturbed = max(attack.delays()["undisturbed"], default=0)
    worst = max((max(values) for values in attack.delays().values()), default=0)
    print(f"the longest delay: {worst:.1f} ms, of undisturbed calls {undisturbed:.1f} ms")
    late = options.rotate and (attack.rotated is None or attack.rotated > 35)
    sys.exit(1 if attack.failures or flood_fetches > 3 or worst - undisturbed > 20 or late else 0)


if __name__ == "__main__":
    main()
