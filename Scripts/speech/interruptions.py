"""Plays calls to a running server in which somebody coughs, hums, says a word or interrupts while a prompt plays, and tells
what became of the prompt. Run by Scripts/interruption-report.

The client hears in real time: what it is sent is played when it comes, or when what came before has been. All times are
of the client's clock, and begin with the first sample of the sound."""

import argparse
import asyncio
import collections
import dataclasses
import pathlib
import sys
import tempfile
import time

import grpc
import numpy as np

import corpus
import sounds
from calls import usable

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

import bots  # noqa: E402
from gateway import Gateway  # noqa: E402
from issuer import Issuer  # noqa: E402
from schemas import MULAW, PROCESS_CALLER_INPUT, SESSION_END, SESSION_START, Event, voice  # noqa: E402

RATE, FRAME = 8000, 160
HEDGEWARS = pathlib.Path("/usr/share/games/hedgewars/Data/Sounds/voices")
ORGANIZATION = "11111111-aaaa-4111-8111-111111111111"
TENANT = {"org": ORGANIZATION, "name": "Report", "url": "https://voice.report.example.com:443", "nonce": "report"}
PROMPT = ROOT / "Scripts/examples/front-desk/prompts/not-on-menu.wav"
LONGEST_SHORT, SHORTEST_LONG = 600, 1500  # milliseconds from the first to the last sound
LONGEST_GAP, STOPPED, TOLD = 0.9, 0.35, 0.9  # seconds
QUIET = 10 ** (-72 / 20)


@dataclasses.dataclass
class Sound:
    kind: str
    name: str
    samples: np.ndarray  # from the first to the last sound, and a little around them
    begin: int  # the first, in samples


def cut(kind, recording):
    begin, end = recording.begin, recording.end
    start = max(0, begin - 400)
    samples = recording.samples[start : end + 400] * 10 ** (-recording.level / 20)
    return Sound(kind, recording.path, samples, begin - start)


def length(recording):
    return (recording.end - recording.begin) / 8


def voices(kind, pattern):
    """A game's sounds of a kind, one of each voice; None where its recordings are too long, too short or too noisy."""
    found = []
    for path in sorted(HEDGEWARS.glob(f"*/{pattern}.ogg")):
        recording = corpus.label(str(path), path.parent.name, corpus.read(str(path)))
        if recording is not None and length(recording) <= LONGEST_SHORT:
            found.append(cut(kind, recording))
    return found


def material(recordings):
    """Short sounds by kind, and sentences."""
    short = {"hum": voices("hum", "Hmm"), "cough": voices("cough", "PoisonCough"), "uh-oh": voices("uh-oh", "Uh-oh")}
    short["word"] = [cut("word", r) for r in recordings if length(r) <= LONGEST_SHORT and "digits" not in r.path]
    long = [cut("interruption", r) for r in recordings if length(r) >= SHORTEST_LONG]
    return {kind: found for kind, found in short.items() if found}, long


class Call:
    """One call: its line, and what was heard when."""

    def __init__(self, sound, channel, token, name, random, prompt):
        self.sound, self.channel, self.token, self.name, self.prompt = sound, channel, token, name, prompt
        self.at = RATE + int(random.integers(0, 12000))  # of the line, in samples: 1 to 2.5 s after the prompt began
        level = 10 ** (random.uniform(-32, -18) / 20)
        self.line = QUIET * random.standard_normal(int(len(prompt) + 4 * RATE))
        start = self.at - sound.begin
        said = sound.samples[: len(self.line) - start]
        self.line[start : start + len(said)] += said * level
        self.heard = []  # (when, bytes)
        self.started = self.onset = self.failure = None

    def open(self):
        method = self.channel.stream_stream(PROCESS_CALLER_INPUT, lambda data: data, lambda data: data)
        return method(metadata=(("authorization", self.token),), timeout=60)

    def message(self, **input):
        return voice.VoiceVARequest(
            conversation_id=self.name, customer_org_id=ORGANIZATION, **input).SerializeToString()

    async def event(self, kind):
        rpc = self.open()
        await rpc.write(self.message(event_input={"event_type": kind}))
        await rpc.done_writing()
        async for raw in rpc:
            self.take(raw)

    def take(self, raw):
        now, reply = time.monotonic(), voice.VoiceVAResponse.FromString(raw)
        if any(event.event_type == Event.START_OF_INPUT for event in reply.output_events):
            self.started = self.started or now
        for prompt in reply.prompts:
            if prompt.audio_content and self.started is None:
                self.heard.append((now, prompt.audio_content))

    async def listen(self, rpc):
        async for raw in rpc:
            self.take(raw)

    async def run(self):
        try:
            greeting = asyncio.create_task(self.event(SESSION_START))
            while not self.heard and not greeting.done():
                await asyncio.sleep(0.005)
            rpc = self.open()
            reader = asyncio.create_task(self.listen(rpc))
            began = time.monotonic()
            for position in range(0, len(self.line) - FRAME, FRAME):
                await asyncio.sleep(max(0, began + (position + FRAME) / RATE - time.monotonic()))
                if position <= self.at < position + FRAME:
                    self.onset = began + self.at / RATE
                frame = sounds.encode(self.line[position : position + FRAME]).tobytes()
                await rpc.write(self.message(
                    audio_input={"caller_audio": frame, "encoding": MULAW, "sample_rate_hertz": RATE}))
                if self.started and time.monotonic() > self.started + 0.5:
                    break
            reader.cancel()
            await self.event(SESSION_END)
            await greeting
        except (grpc.RpcError, asyncio.InvalidStateError) as error:
            self.failure = repr(error)

    # What became of the prompt

    @property
    def gaps(self):
        """Silences within the prompt, in seconds, at a client that plays what it gets at once."""
        found, end = [], None
        for when, data in self.heard:
            if end is not None and when > end:
                found.append(when - end)
            end = max(end or when, when) + len(data) / RATE
        return found

    @property
    def is_whole(self):
        audio = b"".join(data for _, data in self.heard)
        gaps = [gap for gap in self.gaps if gap > 0.02]
        return audio == self.prompt and self.started is None and len(gaps) <= 1 and max(gaps, default=0) <= LONGEST_GAP

    @property
    def stopped(self):
        """From the onset to the last of the prompt that was sent, in seconds; 0 where that was before."""
        return max(0, self.heard[-1][0] - self.onset)


def configuration(issuer, bot, limit):
    return {
        "listen": {"address": "127.0.0.1:0"},
        "admin": {"address": "127.0.0.1:0"},
        "identity": {
            "issuers": [{"issuer": issuer.name, "keys_url": issuer.keys_url}],
            "tenants": [{key: TENANT[key] for key in ("org", "name", "url")}],
        },
        "agents": [{
            "id": "report", "responses": "chunk", "default": True, "engine": bot.engine,
            "speech": {"barge_in": "pause"} | ({"pause_limit": limit} if limit else {})}],
        "shutdown": {"drain": "1s", "grace": "0s"},
    }


async def play(gateway, token, chosen, prompt, options):
    channels = [grpc.aio.insecure_channel(gateway.address, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(4)]
    places = asyncio.Semaphore(options.at_once)
    played = []

    async def one(index, sound):
        async with places:
            await asyncio.sleep(0.017 * (index % options.at_once))
            random = np.random.default_rng([options.seed, index])
            call = Call(sound, channels[index % len(channels)], token, f"over-{index}", random, prompt)
            await call.run()
            played.append(call)

    await asyncio.gather(*(one(index, sound) for index, sound in enumerate(chosen)))
    for channel in channels:
        await channel.close()
    return played


def choose(kinds, long, options):
    """As many of short sounds as of sentences; all hums and coughs there are, words for the rest."""
    random = np.random.default_rng(options.seed)
    rare = [sound for kind, found in kinds.items() if kind != "word" for sound in found][: options.calls]
    words = kinds.get("word", [])
    short = rare + [words[i] for i in random.permutation(len(words))[: options.calls - len(rare)]]
    return short, [long[i] for i in random.permutation(len(long))[: options.calls]]


def main():
    parser = argparse.ArgumentParser(prog="interruption-report")
    parser.add_argument("--cache", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, default=100, help="calls with short sounds, and as many with sentences")
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", help="the agent's pause_limit; without it, the default")
    parser.add_argument("--side", default="evaluation", choices=("development", "evaluation"))
    parser.add_argument("--list", action="store_true", help="tells of each call that went wrong")
    options = parser.parse_args()
    kinds, long = material(usable(corpus.load(options.side, options.cache)))
    short, long = choose(kinds, long, options)
    if not short or not long:
        sys.exit("interruption-report: too few recordings: Scripts/bootstrap --speech installs them")
    prompt = sounds.encode(corpus.read(str(PROMPT)))
    prompt = np.concatenate([prompt] * 3)[: 7 * RATE].tobytes()

    def answer(call, event):
        if event.WhichOneof("event") == "started":
            yield from bots.audio(prompt, event.turn)
            yield bots.end_turn(event.turn)

    issuer = Issuer()
    with tempfile.TemporaryDirectory() as folder, bots.Bot(answer, workers=200) as bot:
        gateway = Gateway(folder, configuration(issuer, bot, options.limit))
        try:
            played = asyncio.run(play(gateway, issuer.token(TENANT), short + long, prompt, options))
        finally:
            gateway.process.kill()
            gateway.process.wait()
        told = {call.hello.call.conversation for call in bot.calls if call.of("interrupted")}
    issuer.close()
    failed = [call for call in played if call.failure]
    for call in failed:
        print(f"interruption-report: {call.name} failed: {call.failure}", file=sys.stderr)
    report([call for call in played if not call.failure], told, options)
    sys.exit(1 if failed else 0)


def percentiles(values):
    return "/".join(f"{1000 * value:.0f}" for value in np.percentile(values or [0], [50, 95, 100]))


def report(played, told, options):
    by_kind = collections.defaultdict(list)
    for call in played:
        by_kind[call.sound.kind].append(call)
    backchannels = [call for call in played if call.sound.kind != "interruption"]
    for kind, calls in sorted(by_kind.items()):
        if kind == "interruption":
            continue
        print(f"{kind}: {sum(call.is_whole for call in calls)} of {len(calls)} prompts whole")
    gaps = [max(call.gaps) for call in backchannels if call.is_whole and max(call.gaps, default=0) > 0.02]
    whole = sum(call.is_whole for call in backchannels)
    print(f"short sounds: {100 * whole / max(1, len(backchannels)):.1f} % of {len(backchannels)} prompts whole; "
          f"START_OF_INPUT in {sum(call.started is not None for call in backchannels)}; "
          f"a gap in {len(gaps)}, of {percentiles(gaps)} ms (median, 95 %, longest)")
    calls = by_kind["interruption"]
    started = [call for call in calls if call.started]
    both = [call for call in started
            if call.stopped <= STOPPED and call.started - call.onset <= TOLD and call.name in told]
    print(f"interruptions: {100 * len(both) / max(1, len(calls)):.1f} % of {len(calls)} stopped, told and taken in time; "
          f"sending stopped after {percentiles([call.stopped for call in calls])} ms, "
          f"START_OF_INPUT after {percentiles([call.started - call.onset for call in started])} ms; "
          f"none in {len(calls) - len(started)}, bot told in {sum(call.name in told for call in calls)}")
    if options.list:
        wrong = [call for call in backchannels if not call.is_whole] + [call for call in calls if call not in both]
        for call in wrong:
            started = f"START {1000 * (call.started - call.onset):.0f}" if call.started else "no START"
            gaps = [round(1000 * gap) for gap in call.gaps]
            print(f"  {call.sound.kind} {call.sound.name} of {len(call.sound.samples) // 8 - 100} ms: {started}, "
                  f"stopped {1000 * call.stopped:.0f}, gaps {gaps}")


if __name__ == "__main__":
    main()
