"""Plays calls to a running server on whose line its own prompt comes back, with nobody speaking and with somebody who
interrupts, and tells how often the echo interrupted the prompt, and how soon the caller did.
Run by Scripts/echo-report.

The client hears in real time: what it is sent is played when it comes, or when what came before has been. What it plays
comes back: dulled and smeared, delayed, so much softer than the prompt, through mu-law. All times are of the client's
clock."""

import argparse
import asyncio
import pathlib
import re
import sys
import tempfile
import time

import grpc
import numpy as np
from scipy.signal import butter, lfilter, sosfilt, sosfilt_zi

import corpus
import interruptions
import sounds
from calls import by_voice, usable
from interruptions import FRAME, QUIET, RATE, TENANT, bots

from gateway import Gateway  # noqa: E402
from issuer import Issuer  # noqa: E402
from schemas import MULAW, SESSION_END, SESSION_START, Event, voice  # noqa: E402

SECONDS = 7  # of a prompt
LOUDER = 6  # dB: the caller over the echo
SOON = 0.5  # seconds after the onset
HEARD_OUT = 1.2  # seconds that a line goes on after its prompt


class Room:
    """What a loudspeaker and a room make of samples that come piece by piece, with the power that they had."""

    def __init__(self, random, gain):
        self.band = butter(1, [random.uniform(150, 400), random.uniform(1800, 3600)], "bandpass", fs=RATE, output="sos")
        room = random.standard_normal(800) * np.exp(-np.arange(800) / random.uniform(40, 250))
        room[0] += random.uniform(2, 8)
        self.room = room / np.sqrt((room**2).sum())
        self.gain = 10 ** (gain / 20)
        self.states = sosfilt_zi(self.band) * 0, np.zeros(len(room) - 1)

    def matched(self, prompt):
        """With a gain that leaves the echo so much softer than this prompt, for what comes."""
        heard = lfilter(self.room, [1.0], sosfilt(self.band, prompt))
        self.gain *= np.sqrt((prompt**2).mean() / (heard**2).mean())
        return self

    def hear(self, samples):
        dull, band = sosfilt(self.band, samples, zi=self.states[0])
        heard, room = lfilter(self.room, [1.0], dull, zi=self.states[1])
        self.states = band, room
        return heard * self.gain


class Call(interruptions.Call):
    """One call whose line carries the echo of what it is sent, and perhaps a caller's voice."""

    def __init__(self, condition, prompt, level, said, channel, token, name, random):
        self.condition, self.channel, self.token, self.name, self.prompt = condition, channel, token, name, prompt
        gain, delay, jump = condition
        self.delay, self.jump = delay * 8, jump * 8
        self.jumps_at = int(random.integers(2 * RATE, 3 * RATE))  # of the prompt, in samples
        self.line = QUIET * random.standard_normal((SECONDS + 6) * RATE)
        self.room = Room(random, gain).matched(sounds.decode(np.frombuffer(prompt, np.uint8)) / 32768)
        self.at, self.said = None, said
        if said is not None:
            self.after = int(random.integers(int(1.5 * RATE), int(4.5 * RATE)))  # of the first audio
            self.loudness = 10 ** ((level + gain + LOUDER - said.level) / 20)
        self.heard, self.position, self.end, self.played = [], 0, 0, 0
        self.started = self.onset = self.failure = self.began = None

    @property
    def now(self):
        """Where on the line it is, in samples; before the line is open, before its beginning."""
        return int((time.monotonic() - self.began) * RATE)

    def take(self, raw):
        was = len(self.heard)
        super().take(raw)
        if self.started is not None:
            return
        for _, data in self.heard[was:]:
            if self.end == 0 and self.said is not None:
                self.say(self.now + self.after)
            self.end = max(self.end, self.now)
            self.come_back(self.room.hear(sounds.decode(np.frombuffer(data, np.uint8)) / 32768))
            self.end += len(data)

    def say(self, at):
        self.at = at
        samples = self.said.samples[self.said.begin : self.said.end] * self.loudness
        stop = min(len(self.line), at + len(samples))
        self.line[at:stop] += samples[: stop - at]

    def come_back(self, echo):
        for begin, stop, delay in (
            (0, self.jumps_at, self.delay), (self.jumps_at, 1 << 30, self.delay + self.jump)
        ):
            begin, stop = max(begin - self.played, 0), min(stop - self.played, len(echo))
            if stop <= begin:
                continue
            at = self.end + begin + delay
            part = echo[begin:stop][: max(0, len(self.line) - at)]
            self.line[at : at + len(part)] += part
        self.played += len(echo)

    async def run(self):
        self.began = time.monotonic()
        rpc = self.open()
        greeting = asyncio.create_task(self.event(SESSION_START))
        reader = asyncio.create_task(self.listen(rpc))
        try:
            while self.position + FRAME <= len(self.line):
                await asyncio.sleep(max(0, self.began + (self.position + FRAME) / RATE - time.monotonic()))
                if self.at is not None and self.position <= self.at < self.position + FRAME:
                    self.onset = self.began + self.at / RATE
                frame = sounds.encode(self.line[self.position : self.position + FRAME]).tobytes()
                self.position += FRAME
                await rpc.write(self.message(
                    audio_input={"caller_audio": frame, "encoding": MULAW, "sample_rate_hertz": RATE}))
                over = self.end and self.position > self.end + max(0, self.jump) + self.delay + HEARD_OUT * RATE
                if self.started or over:
                    break
            await self.event(SESSION_END)
            await greeting
        except (grpc.RpcError, asyncio.InvalidStateError) as error:
            self.failure = repr(error)
        reader.cancel()
        await asyncio.gather(reader, greeting, return_exceptions=True)

    # How it went

    @property
    def is_early(self):
        """Interrupted by nobody."""
        return self.started is not None and (self.onset is None or self.started < self.onset)

    @property
    def wait(self):
        """From the caller's onset to START_OF_INPUT, in seconds."""
        return None if self.started is None or self.is_early else self.started - self.onset


def conditions(options):
    for gain in options.gains:
        for text in options.delays:
            delay, jump = re.fullmatch(r"(\d+)([+-]\d+)?", text).groups()
            yield gain, int(delay), int(jump or 0)


def make_prompt(random, voices):
    """Somebody's words one after the other: mu-law, their voice and their level."""
    name = list(voices)[random.integers(len(voices))]
    level, samples, position = random.uniform(-16, -12), np.zeros(SECONDS * RATE), 0
    while position < len(samples):
        recording = voices[name][random.integers(len(voices[name]))]
        spoken = recording.samples[max(0, recording.begin - 200) : recording.end + 200]
        stop = min(len(samples), position + len(spoken))
        samples[position:stop] = spoken[: stop - position] * 10 ** ((level - recording.level) / 20)
        position = stop + int(random.integers(400, 3200))
    return sounds.encode(np.clip(samples, -1, 1)).tobytes(), name, level


def pick(random, voices, other):
    """A recording of a second at least, of another voice."""
    while True:
        name = list(voices)[random.integers(len(voices))]
        recording = voices[name][random.integers(len(voices[name]))]
        if name != other and recording.end - recording.begin >= RATE:
            return recording


async def play(gateway, token, planned, options):
    channels = [grpc.aio.insecure_channel(gateway.address, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(4)]
    places = asyncio.Semaphore(options.at_once)
    played = []

    async def one(index, plan):
        async with places:
            await asyncio.sleep(0.017 * (index % options.at_once))
            channel, random = channels[index % len(channels)], np.random.default_rng([options.seed, index])
            call = Call(*plan, channel, token, f"echo-{index}", random)
            await call.run()
            played.append(call)

    await asyncio.gather(*(one(index, plan) for index, plan in enumerate(planned)))
    for channel in channels:
        await channel.close()
    return played


def main():
    parser = argparse.ArgumentParser(prog="echo-report")
    parser.add_argument("--cache", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, default=100, help="prompts of each condition, alone and with a caller")
    parser.add_argument("--at-once", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gains", type=float, nargs="*", default=[-15, -25, -35], help="of the echo, in dB")
    delays = ["100", "300", "600", "300+100", "300-100"]
    parser.add_argument("--delays", nargs="*", default=delays, help="in milliseconds, and how they jump")
    parser.add_argument("--echo", default="subtract", choices=("subtract", "ignore"), help="the agent's speech.echo")
    parser.add_argument("--barge-in", help="the agent's speech.minimum_barge_in")
    parser.add_argument("--side", default="evaluation", choices=("development", "evaluation"))
    parser.add_argument("--list", action="store_true", help="tells of each call that went wrong")
    options = parser.parse_args()
    voices = by_voice(usable(corpus.load(options.side, options.cache)))
    if len(voices) < 4:
        sys.exit("echo-report: too few recordings: Scripts/bootstrap --speech installs them")
    planned = []
    for condition in conditions(options):
        for index in range(options.calls):
            for speaks in (False, True):
                random = np.random.default_rng([options.seed, index, speaks, *(int(abs(part)) for part in condition)])
                prompt, name, level = make_prompt(random, voices)
                planned.append((condition, prompt, level, pick(random, voices, name) if speaks else None))
    # Neighbours are of different conditions, so that none of them has a busier server than another.
    planned = [planned[index] for index in np.random.default_rng(options.seed).permutation(len(planned))]

    def answer(call, event):
        if event.WhichOneof("event") == "started":
            yield from bots.audio(planned[int(call.hello.call.conversation.split("-")[1])][1], event.turn)
            yield bots.end_turn(event.turn)

    issuer = Issuer()
    with tempfile.TemporaryDirectory() as folder, bots.Bot(answer, workers=2 * options.at_once + 20) as bot:
        configuration = interruptions.configuration(issuer, bot, None)
        minimum = {"minimum_barge_in": options.barge_in} if options.barge_in else {}
        configuration["agents"][0]["speech"] = {"echo": options.echo} | minimum
        gateway = Gateway(folder, configuration)
        try:
            played = asyncio.run(play(gateway, issuer.token(TENANT), planned, options))
        finally:
            gateway.process.kill()
            gateway.process.wait()
    issuer.close()
    failed = [call for call in played if call.failure]
    for call in failed:
        print(f"echo-report: {call.name} failed: {call.failure}", file=sys.stderr)
    report([call for call in played if not call.failure], options)
    sys.exit(1 if failed else 0)


def row(name, calls):
    alone = [call for call in calls if call.said is None]
    spoken = [call for call in calls if call.said is not None]
    waits = [call.wait for call in spoken if call.wait is not None]
    soon = sum(wait <= SOON for wait in waits)
    median, late = (1000 * np.percentile(waits, [50, 90])).round().astype(int) if waits else ("", "")
    print(f"| {name} | {sum(c.is_early for c in alone)} of {len(alone)} | {soon} of {len(spoken)} "
          f"({100 * soon / max(1, len(spoken)):.0f} %) | {median} / {late} | "
          f"{sum(c.started is None for c in spoken)} | {sum(c.is_early for c in spoken)} |")


def report(played, options):
    print("| echo, delay | interrupted by their echo | callers heard within 500 ms | heard after, median / 90 %, ms "
          "| never heard | interrupted before they spoke |")
    print("| --- |" + " ---: |" * 5)
    for condition in conditions(options):
        gain, delay, jump = condition
        name = f"{gain:.0f} dB, {delay} ms" + (f", then {delay + jump}" if jump else "")
        row(name, [call for call in played if call.condition == condition])
    row("**all**", played)
    if options.list:
        for call in played:
            wrong = call.is_early if call.said is None else call.wait is None or call.wait > SOON
            if wrong:
                wait = call.wait and round(1000 * call.wait)
                said = call.said and call.said.path
                print(f"  {call.condition} {call.name}: said {said}, interrupted early {call.is_early}, heard after {wait}")


if __name__ == "__main__":
    main()
