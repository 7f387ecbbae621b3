"""What is left of a server's work when twice as many calls come as it can carry. Run by Scripts/overload.

Calls come at a steady rate and last for some turns, whatever the server does: callers do not wait for each other. Server and
callers have a processor each; the server shares its own with processes that do nothing else, so that a few dozen calls
are more than it can do. A turn counts where its answer begins within a second of the end of the caller's turn.
"""

import argparse
import asyncio
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import grpc

import conftest
from gateway import Gateway
from issuer import Issuer
from schemas import MULAW, PROCESS_CALLER_INPUT, SESSION_END, SESSION_START, Event, voice
from speech import recorded

END_SILENCE = 0.7
IN_TIME = END_SILENCE + 1.0
PATIENCE = 40
CORES = sorted(os.sched_getaffinity(0))


def as_is(data):
    return data


class Tally:
    """What came of the calls."""

    def __init__(self):
        self.good, self.late, self.failed, self.refused, self.answered = [], 0, 0, 0, []
        self.calls = self.live = self.most = 0
        self.refusals = []

    def turn(self, latency):
        self.answered.append(latency)
        if latency <= IN_TIME:
            self.good.append(time.monotonic())
        else:
            self.late += 1


class Load:
    def __init__(self, address, token, words, turns):
        self.channels = [grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(4)]
        self.token, self.words, self.turns = token, words, turns
        self.tally = Tally()
        self.number = 0

    def open(self, channel, conversation):
        method = channel.stream_stream(PROCESS_CALLER_INPUT, as_is, as_is)
        return method(metadata=(("authorization", self.token),), timeout=PATIENCE)

    def message(self, conversation, **input):
        return voice.VoiceVARequest(
            conversation_id=conversation, customer_org_id=conftest.TENANT_A["org"], **input).SerializeToString()

    async def event(self, channel, conversation, kind):
        rpc = self.open(channel, conversation)
        await rpc.write(self.message(conversation, event_input={"event_type": kind}))
        await rpc.done_writing()
        async for _ in rpc:
            pass

    async def turn(self, channel, conversation):
        """Silence, words, silence until the answer; the time from the words' end to it, or None."""
        rpc = self.open(channel, conversation)
        answered = asyncio.Event()

        async def read():
            async for raw in rpc:
                reply = voice.VoiceVAResponse.FromString(raw)
                kinds = [event.event_type for event in reply.output_events]
                if not kinds or kinds[0] not in (Event.START_OF_INPUT, Event.END_OF_INPUT):
                    answered.time = time.monotonic()
                    answered.set()
                    return

        reader = asyncio.create_task(read())
        audio = b"\xff" * 2400 + self.words
        quiet = self.message(conversation, audio_input={
            "caller_audio": b"\xff" * 160, "encoding": MULAW, "sample_rate_hertz": 8000})
        due, ended = time.monotonic(), None
        position = 0
        while not answered.is_set() and not reader.done():
            if position < len(audio):
                frame = audio[position:position + 160]
                position += 160
                await rpc.write(self.message(conversation, audio_input={
                    "caller_audio": frame + b"\xff" * (160 - len(frame)), "encoding": MULAW,
                    "sample_rate_hertz": 8000}))
                # In real time: when the words end, not when a server that does not read lets them be written.
                ended = due + 0.02
            else:
                await rpc.write(quiet)
            due += 0.02
            await asyncio.sleep(max(0, due - time.monotonic()))
        await reader
        await rpc.done_writing()
        return answered.time - ended

    async def call(self):
        self.number += 1
        channel = self.channels[self.number % len(self.channels)]
        conversation = f"overload-{self.number}"
        tally = self.tally
        tally.calls += 1
        began = time.monotonic()
        try:
            await self.event(channel, conversation, SESSION_START)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                tally.refused += 1
                tally.refusals.append(time.monotonic() - began)
            else:
                tally.failed += 1
            return
        tally.live += 1
        tally.most = max(tally.most, tally.live)
        try:
            for _ in range(self.turns):
                tally.turn(await self.turn(channel, conversation))
            await self.event(channel, conversation, SESSION_END)
        except (grpc.aio.AioRpcError, AttributeError, asyncio.InvalidStateError):
            tally.failed += 1
        finally:
            tally.live -= 1

    async def run(self, rate, seconds):
        calls, began, own = [], time.monotonic(), []
        while (now := time.monotonic() - began) < seconds:
            while len(calls) < now * rate:
                calls.append(asyncio.create_task(self.call()))
            asleep = time.monotonic()
            await asyncio.sleep(0.01)
            own.append(time.monotonic() - asleep - 0.01)
        steady = (began + seconds / 4, began + seconds)
        await asyncio.wait(calls, timeout=PATIENCE)
        for channel in self.channels:
            await channel.close(1)
        tally = self.tally
        within = [at for at in tally.good if steady[0] <= at <= steady[1]]
        latencies = sorted(tally.answered) or [0]
        return {
            "rate": rate, "calls": tally.calls, "most_live": tally.most, "refused": tally.refused,
            "failed": tally.failed, "turns": len(tally.answered), "late": tally.late,
            "good_turns_per_second": round(len(within) / (steady[1] - steady[0]), 2),
            "turn_p50_s": round(latencies[len(latencies) // 2], 2),
            "turn_p99_s": round(latencies[int(len(latencies) * 0.99)], 2),
            "refused_within_p50_ms": round(1000 * sorted(tally.refusals or [0])[len(tally.refusals) // 2]),
            # What the callers' own program adds to each of these times.
            "callers_late_p95_ms": round(1000 * sorted(own)[int(len(own) * 0.95)]),
        }


def measure(issuer, arguments, rate, lag):
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, conftest.configuration(issuer, limits={"lag": lag}, logging={"level": "info"}))
        hogs = []
        try:
            for task in os.listdir(f"/proc/{gateway.process.pid}/task"):
                os.sched_setaffinity(int(task), CORES[:1])
                os.setpriority(os.PRIO_PROCESS, int(task), arguments.nice)
            for _ in range(arguments.others):
                hogs.append(subprocess.Popen(
                    [sys.executable, "-c", "while True: pass"],
                    preexec_fn=lambda: os.sched_setaffinity(0, CORES[:1])))
            words = recorded("vm-theperson").trimmed().encoded("mulaw")[:8000]

            async def run():  # channels belong to the loop that runs
                load = Load(gateway.address, issuer.token(conftest.TENANT_A), words, arguments.turns)
                return await load.run(rate, arguments.seconds)

            outcome = asyncio.run(run())
            began = time.monotonic()
            while gateway.get("/readyz")[0] != 200 and time.monotonic() - began < 20:
                time.sleep(0.05)
            outcome["ready_again_after_s"] = round(time.monotonic() - began, 1)
            found = re.search(r'patchbay_calls_shed_total\{reason="cpu"\} (\d+)', gateway.get("/metrics")[1])
            outcome["shed"] = int(found[1]) if found else 0
            if arguments.log:
                pathlib.Path(arguments.log).write_text(gateway.log)
            return outcome
        finally:
            for hog in hogs:
                hog.kill()
                hog.wait()
            gateway.process.kill()
            gateway.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, help="new calls a second at capacity; found by trying without")
    parser.add_argument("--trials", type=float, nargs="+", default=[1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 40],
                        help="the rates that are tried for it, upwards")
    parser.add_argument("--turns", type=int, default=5, help="turns of a call")
    parser.add_argument("--seconds", type=float, default=40, help="how long calls come")
    parser.add_argument("--others", type=int, default=4, help="processes that share the server's processor")
    parser.add_argument("--nice", type=int, default=0, help="the server's, 0 to 19: leaves it less beside the others")
    parser.add_argument("--without", action="store_true", help="and once with nobody refused")
    parser.add_argument("--rates", type=float, nargs="+", help="only these rates, one after the other")
    parser.add_argument("--log", help="where the server's log goes")
    arguments = parser.parse_args()
    if len(CORES) < 2:
        sys.exit("overload: server and callers need a processor each")
    os.sched_setaffinity(0, CORES[1:])
    issuer = Issuer()

    def report(name, outcome):
        print(json.dumps({"what": name} | outcome), flush=True)
        return outcome["good_turns_per_second"]

    if arguments.rates:
        for rate in arguments.rates:
            report("sweep", measure(issuer, arguments, rate, "100ms"))
        return
    rate = arguments.rate
    if rate is None:
        best, rate = 0.0, arguments.trials[0]
        for candidate in arguments.trials:
            good = report("trying", measure(issuer, arguments, candidate, "10s"))
            if good < best:
                break
            best, rate = good, candidate
        else:
            sys.exit(f"overload: at {rate:g} calls a second the server still keeps up, so its capacity is not found; "
                     "say a --rate at which turns begin to be late, or more --others")
    capacity = report("capacity", measure(issuer, arguments, rate, "100ms"))
    double = report("twice the capacity", measure(issuer, arguments, 2 * rate, "100ms"))
    if arguments.without:
        report("twice the capacity, nobody refused", measure(issuer, arguments, 2 * rate, "10s"))
    print(f"goodput at twice the capacity: {double / max(capacity, 0.01):.0%} of that at capacity")


if __name__ == "__main__":
    main()
