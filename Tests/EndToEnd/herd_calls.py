"""Many calls that cost little: one process and one thread, messages made once, no checks twice of the same bytes.

It is told what to do in lines of JSON, by `herd.py`, answers each with a line, and knows how late it was itself.
"""

import asyncio
import collections
import json
import os
import pathlib
import random
import sys
import time
import types

import grpc

import numbered
import rules
from caller import Interaction, Reply
from schemas import KEYS, MULAW, PROCESS_CALLER_INPUT, SESSION_END, SESSION_START, START_OF_DTMF, voice

PATIENCE, DEADLINE = 35, 60  # seconds: of the caller, and of the RPC
TICK, LATE = 0.02, 0.1  # seconds: how often the loop looks at the clock, and what it notes


def made(**fields):
    """A part of a request. Parts that stand one after the other are one message."""
    return voice.VoiceVARequest(**fields).SerializeToString()


START = made(event_input={"event_type": SESSION_START, "name": "session start"})
BEGIN_KEYS = made(event_input={"event_type": START_OF_DTMF})
END = made(event_input={"event_type": SESSION_END})


def heard(audio):
    return made(audio_input={"caller_audio": audio, "encoding": MULAW, "sample_rate_hertz": 8000})


class Heard(Interaction):
    """What an RPC was answered, for the rules."""

    def __init__(self, raws):
        self.replies = [Reply(raw) for raw in raws]
        self.caller = types.SimpleNamespace(mode="wav")


class Clock:
    """Notices when this process comes too late to see anything in time."""

    def __init__(self):
        self.lags, self.worst = collections.deque(maxlen=100_000), 0.0

    async def run(self):
        due = time.monotonic() + TICK
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            self.worst = max(self.worst, now - due)
            if now - due > LATE:
                self.lags.append((now, now - due))
            due = max(due, now) + TICK

    def since(self, began):
        """By how much it was late at most, from then on."""
        return max((lag for at, lag in self.lags if at >= began), default=0.0)


class Call:
    """One call: a greeting, turns of keys, audio before each where it is asked for, and a hang-up."""

    def __init__(self, herd, plan):
        self.herd, self.plan = herd, types.SimpleNamespace(**plan)
        self.head = made(conversation_id=self.plan.conversation, customer_org_id=self.plan.org,
                         virtual_agent_id=self.plan.agent)
        self.token = ("authorization", herd.tokens[self.plan.org])
        self.rpcs, self.turns, self.answered = 0, 0, []

    async def play(self):
        plan, herd = self.plan, self.herd
        herd.live += 1
        try:
            await self.attempt("greeting", self.greet())
            herd.greeted += 1
            due = time.monotonic() + random.random() * plan.pace
            while not herd.over.is_set() and (plan.entries is None or self.turns < plan.entries):
                due = max(due + plan.pace, time.monotonic())
                with_pause = asyncio.wait_for(herd.over.wait(), max(0.001, due - time.monotonic()))
                try:
                    await with_pause
                    break
                except TimeoutError:
                    pass
                self.turns += 1
                if plan.messages:
                    await self.attempt(f"audio {self.turns}", self.speak())
                if plan.keys:
                    await self.attempt("keys", self.press(plan.keys, None))
                else:
                    digits = f"{self.turns:04}"
                    await self.attempt(digits, self.press(digits, f"{digits} {plan.conversation} {plan.org}"))
            await self.attempt("hang-up", self.hang_up())
        finally:
            herd.live -= 1

    async def attempt(self, what, act):
        began = time.monotonic()
        try:
            said = await act
            self.answered.append([what, began, time.monotonic(), said])
        except Exception as problem:  # whatever a caller may see
            code = problem.code().name if isinstance(problem, grpc.RpcError) else type(problem).__name__
            why = f"{code}: {getattr(problem, 'details', lambda: problem)()}"[:200]
            self.herd.lost.append([began, what, why, self.plan.number, self.herd.clock.since(began)])

    # Its RPCs

    async def greet(self):
        check(await self.rpc([self.head + START]))

    async def press(self, keys, expected):
        assert not (said := await self.rpc([self.head + BEGIN_KEYS])), f"START_OF_DTMF is answered: {said}"
        said = check(await self.rpc([self.head + made(dtmf_input={"dtmf_events": [KEYS[key] for key in keys]})]))
        assert expected is None or said.startswith(expected), f"another's answer: {said}, not {expected}"
        return said

    async def speak(self):
        """Numbered audio of 100 ms a message, in real time; the half-close ends it, and nothing is answered."""
        sounds = [self.head + heard(numbered.audio(self.plan.number, self.turns, n)) for n in range(self.plan.messages)]
        assert not (said := await self.rpc(sounds, between=0.1)), f"an answer to silence: {said}"
        return self.plan.messages * numbered.FRAMES

    async def hang_up(self):
        assert (said := await self.rpc([self.head + END])) == [b""], f"SESSION_END gets one empty response: {said}"

    async def rpc(self, messages, between=0.0):
        """Sends messages, half-closes, and gives what came; the status has to be OK."""
        # Each RPC has a tracking id of its own, so that it is found in the servers' logs.
        tracking = ("trackingid", f"{self.plan.tracking}-{self.rpcs}")
        call = self.herd.method(self)(metadata=(self.token, tracking), timeout=DEADLINE)
        self.rpcs += 1
        try:
            async with asyncio.timeout(PATIENCE):
                due = time.monotonic()
                for message in messages:
                    await call.write(message)
                    if between:
                        due += between
                        await asyncio.sleep(max(0.0, due - time.monotonic()))
                await call.done_writing()
                replies = []
                while (raw := await call.read()) is not grpc.aio.EOF:
                    replies.append(raw)
                if (code := await call.code()) is not grpc.StatusCode.OK:
                    raise RuntimeError(f"{code.name}: {await call.details()}")
                return replies
        finally:
            call.cancel()


def is_turn(what):
    return what == "keys" or what.isdigit()


VERDICTS = {}


def check(raws):
    """Checks an answer by all rules, the same bytes once; gives its text."""
    key = tuple(raws)
    if key not in VERDICTS:
        answer = Heard(raws)
        rules.check(answer, "wav")
        assert answer.event is None, f"{answer.event}"
        assert answer.text or answer.audio.seconds > 0, f"no answer: {answer.replies}"
        if len(VERDICTS) > 2_000:
            VERDICTS.clear()
        VERDICTS[key] = answer.text
    return VERDICTS[key]


class Herd:
    """All calls, and where their RPCs go."""

    def __init__(self):
        self.clock, self.over, self.tokens, self.began = Clock(), asyncio.Event(), {}, time.process_time()
        self.channels, self.methods, self.route, self.each = {}, {}, [], "rpc"
        self.calls, self.lost, self.tasks = [], [], []
        self.live = self.greeted = 0

    def method(self, call):
        """Of the channel that the call's next RPC goes by: the next of the route, and one of its connections."""
        place = {"rpc": call.rpcs, "turn": call.turns, "call": 0}[self.each]
        methods = self.methods[self.route[(call.plan.number + place) % len(self.route)]]
        return methods[call.plan.number % len(methods)]

    def new(self, plan):
        self.calls.append(Call(self, plan))
        return self.calls[-1]

    # What it is told

    async def trust(self, tokens):
        self.tokens |= tokens

    async def connect(self, name, address, root=None, count=1):
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 8 << 20)]
        credentials = root and grpc.ssl_channel_credentials(pathlib.Path(root).read_bytes())
        target = f"localhost:{address.rsplit(':', 1)[1]}" if root else address
        self.channels[name] = [
            grpc.aio.secure_channel(target, credentials, options) if root else
            grpc.aio.insecure_channel(target, options) for _ in range(count)]
        self.methods[name] = [channel.stream_stream(PROCESS_CALLER_INPUT) for channel in self.channels[name]]

    async def go_by(self, names, each="rpc"):
        self.route, self.each = names, each

    async def join(self, plans, between):
        """Begins calls, and waits until they have been greeted."""
        until = self.greeted + len(plans)
        for plan in plans:
            self.tasks.append(asyncio.create_task(self.new(plan).play()))
            await asyncio.sleep(between)
        while self.greeted < until:
            await asyncio.sleep(0.02)

    async def play(self, plans, at_once):
        """Plays calls one after the other, so many at once; does not wait for them."""
        plans = iter(plans)

        async def line():
            for plan in plans:
                if self.over.is_set():
                    return
                await self.new(plan).play()

        self.tasks += [asyncio.create_task(line()) for _ in range(at_once)]

    async def report(self):
        return {
            "turns": sum(is_turn(what) for call in self.calls for what, *_ in call.answered),
            "lost": self.lost, "live": self.live, "calls": len(self.calls), "late": self.clock.worst,
            "rpcs": sum(call.rpcs for call in self.calls), "cpu": time.process_time() - self.began,
            "running": sum(not task.done() for task in self.tasks)}

    async def longest(self, since, until):
        """How long the slowest turn took, keys and their begin, of those that began in this time."""
        return max((ended - began for call in self.calls for what, began, ended, _ in call.answered
                    if is_turn(what) and since <= began < until), default=0)

    async def leave(self):
        """All hang up."""
        self.over.set()
        await asyncio.gather(*self.tasks)

    async def write(self, file):
        """Writes down what became of each call."""
        pathlib.Path(file).write_text("".join(json.dumps(vars(call.plan) | {"answered": call.answered}) + "\n"
                                              for call in self.calls))


async def main():
    herd = Herd()
    reader = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    clock = asyncio.create_task(herd.clock.run())
    while line := await reader.readline():
        order = json.loads(line)
        said = await getattr(herd, order.pop("do"))(**order)
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
    clock.cancel()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
