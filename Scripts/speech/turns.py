"""Plays calls to a running server as a foreign client does, and tells how its turn taking went. Run by Scripts/turn-report.

Every call is real RPCs in real pacing, many at once: SESSION_START, then one audio RPC after the other on a line that is
open from the greeting on. All times are on the line's own clock, that of its samples."""

import argparse
import asyncio
import dataclasses
import json
import os
import pathlib
import sys
import tempfile
import time

import grpc
import numpy as np
import soundfile

import corpus
import detectors
import lines
import sounds
from calls import END_SILENCE, by_voice, usable

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

from gateway import Gateway  # noqa: E402
from issuer import Issuer  # noqa: E402
from schemas import MULAW, PROCESS_CALLER_INPUT, SESSION_END, SESSION_START, Event, voice  # noqa: E402

RATE, FRAME = 8000, 160
ORGANIZATION = "11111111-aaaa-4111-8111-111111111111"
TENANT = {"org": ORGANIZATION, "name": "Report", "url": "https://voice.report.example.com:443", "nonce": "report"}
GREETING = ROOT / "Sources/CDemoVoice/Voice/greeting.wav"
ANSWER = ROOT / "Scripts/examples/front-desk/prompts/not-on-menu.wav"
ONSET, END = 500, 300  # milliseconds
PATIENCE = 4 * RATE  # after the end of a turn, in samples of the line
NOBODY_SECONDS = 40
BEGIN_MARK, END_MARK = "<!-- turns: begin -->", "<!-- turns: end -->"


def configuration(issuer, folder):
    """A server as it ships: every key of how it listens has its default."""
    (folder / "dialogue.yaml").write_text(
        f"""start: listening
states:
  listening:
    say: {{play: {GREETING}}}
    speech: {{say: {{play: {ANSWER}}}, stay: true}}
    digits: {{default: {{say: {{play: {ANSWER}}}, stay: true}}}}
"""
    )
    return {
        "listen": {"address": "127.0.0.1:0"},
        "admin": {"address": "127.0.0.1:0"},
        "identity": {
            "issuers": [{"issuer": issuer.name, "keys_url": issuer.keys_url}],
            "tenants": [{key: TENANT[key] for key in ("org", "name", "url")}],
        },
        "agents": [
            {
                "id": "report",
                "responses": "chunk",
                "default": True,
                "engine": {"kind": "scripted", "script": str(folder / "dialogue.yaml")},
            }
        ],
        "shutdown": {"drain": "1s", "grace": "0s"},
    }


class Call:
    """One call: its line, what was decided on it, and what of it reached the server."""

    def __init__(self, line, channel, token, name):
        self.line, self.channel, self.token, self.name = line, channel, token, name
        self.audio = line.background.copy()
        self.sent = []  # frames, as mu-law
        self.position = 0  # of the line, in samples
        self.playing_until = 0
        self.decisions = []  # (kind, decided at, spoken at) in milliseconds; a client is not told the last
        self.turns = []  # where the caller did speak, in milliseconds
        self.answers = 0
        self.rpc = None
        self.changed = asyncio.Event()
        self.failure = None

    def open(self):
        method = self.channel.stream_stream(PROCESS_CALLER_INPUT, lambda data: data, lambda data: data)
        return method(metadata=(("authorization", self.token),), timeout=120)

    def message(self, **input):
        request = voice.VoiceVARequest(conversation_id=self.name, customer_org_id=ORGANIZATION, **input)
        return request.SerializeToString()

    # The line

    def add(self, samples, at):
        start, stop = max(0, at), min(len(self.audio), at + len(samples))
        if stop > start:
            self.audio[start:stop] += samples[start - at : stop - at]

    def play(self, audio):
        """A prompt, as it comes: what of it comes back is added where it will be heard."""
        start = max(self.position, self.playing_until)
        self.playing_until = start + len(audio)
        samples = sounds.decode(np.frombuffer(audio, np.uint8)) / 32768
        self.prompt.append(samples)
        self.prompt_start = self.prompt_start or start

    def prompt_over(self):
        """All of an answer has come: its echo goes onto the line."""
        if self.prompt:
            samples = np.concatenate(self.prompt)
            echo = self.line.echo(sounds.unit(samples))
            self.add(echo, self.prompt_start)
            self.echo = (echo, self.prompt_start)
        self.prompt, self.prompt_start = [], 0

    def interrupted(self):
        """The platform stops its prompts at START_OF_INPUT: nothing more of them comes back."""
        if self.position < self.playing_until and self.echo is not None:
            echo, start = self.echo
            heard = max(0, self.position - start)
            self.add(-echo[heard:], start + heard)
            self.playing_until = self.position
        self.echo = None

    prompt, prompt_start, echo = (), 0, None

    # Its RPCs

    async def event(self, kind):
        rpc = self.open()
        self.prompt, self.prompt_start = [], 0
        await rpc.write(self.message(event_input={"event_type": kind}))
        await rpc.done_writing()
        async for raw in rpc:
            self.take(voice.VoiceVAResponse.FromString(raw))
        self.prompt_over()

    def take(self, reply):
        kinds = [event.event_type for event in reply.output_events]
        if kinds and kinds[0] in (Event.START_OF_INPUT, Event.END_OF_INPUT):
            now = self.position * 1000 // RATE
            self.decisions.append(("start" if kinds[0] == Event.START_OF_INPUT else "end", now, now))
            if kinds[0] == Event.START_OF_INPUT:
                self.interrupted()
            return kinds[0]
        for prompt in reply.prompts:
            if prompt.audio_content:
                self.play(prompt.audio_content)
        return None

    async def listen(self):
        """One audio RPC after the other."""
        while not self.is_over:
            rpc = self.rpc = self.open()
            self.prompt, self.prompt_start = [], 0
            async for raw in rpc:
                if self.take(voice.VoiceVAResponse.FromString(raw)) == Event.END_OF_INPUT:
                    self.rpc = None
                    await rpc.done_writing()
            self.rpc = None
            self.prompt_over()
            self.answers += 1
            if await rpc.code() is not grpc.StatusCode.OK:
                raise grpc.RpcError(f"{await rpc.code()}: {rpc.details()}")

    is_over = False

    async def pump(self, began):
        """The line, in real time."""
        while not self.is_over and self.position + FRAME <= len(self.audio):
            await asyncio.sleep(max(0, began + (self.position + FRAME) / RATE - time.monotonic()))
            frame = sounds.encode(self.audio[self.position : self.position + FRAME]).tobytes()
            self.position += FRAME
            rpc = self.rpc
            # Without an RPC the line goes on, and nobody hears it.
            if rpc is not None:
                self.sent.append((self.position - FRAME, frame))
                try:
                    await rpc.write(
                        self.message(
                            audio_input={"caller_audio": frame, "encoding": MULAW, "sample_rate_hertz": RATE}
                        )
                    )
                except (grpc.RpcError, asyncio.InvalidStateError):
                    pass  # completed meanwhile: it has been answered

    async def until(self, condition):
        while not condition() and self.position + FRAME <= len(self.audio):
            await asyncio.sleep(0.02)

    def ended_since(self, position):
        return any(kind == "end" and at * 8 >= position for kind, at, _ in self.decisions)

    async def converse(self):
        if not self.line.turns:
            return await self.until(lambda: self.position >= NOBODY_SECONDS * RATE)
        for turn in self.line.turns:
            begin = max(self.playing_until, self.position + 1600) + turn.gap
            self.add(turn.sounds, begin - turn.gap)
            self.add(turn.samples, begin - turn.begin)
            end = begin - turn.begin + turn.end
            if end + PATIENCE > len(self.audio):
                break
            self.turns.append((begin // 8, end // 8))
            answers = self.answers
            await self.until(lambda: self.position > end and self.ended_since(end) or self.position > end + PATIENCE)
            # What was answered earlier has been heard by now.
            settled = self.position + RATE
            await self.until(lambda: self.answers > answers or self.position > settled)
        await self.until(lambda: self.position >= end + RATE)

    async def run(self):
        try:
            began = time.monotonic()
            pump = asyncio.create_task(self.pump(began))
            await self.event(SESSION_START)
            listener = asyncio.create_task(self.listen())
            talk = asyncio.create_task(self.converse())
            await asyncio.wait([talk, listener], return_when=asyncio.FIRST_COMPLETED)
            self.is_over = True
            await pump
            if listener.done():
                talk.cancel()
                listener.result()
            else:
                talk.result()
                listener.cancel()
            await self.event(SESSION_END)
        except (grpc.RpcError, AssertionError) as error:
            self.failure = repr(error)

    @property
    def heard(self):
        """All that was sent, one frame after the other, and for each frame where on the line it was, in milliseconds."""
        audio = np.concatenate([np.frombuffer(frame, np.uint8) for _, frame in self.sent])
        return audio, [position // 8 for position, _ in self.sent]


async def play(gateway, token, made, at_once, make=Call):
    """Plays all calls, so many at a time, begun one after the other so that not all speak at once."""
    channels = [grpc.aio.insecure_channel(gateway.address, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(4)]
    places = asyncio.Semaphore(at_once)
    played = []

    async def one(index, line):
        async with places:
            await asyncio.sleep(0.013 * (index % at_once))
            call = make(line, channels[index % len(channels)], token, f"turns-{index}")
            await call.run()
            played.append(call)

    await asyncio.gather(*(one(index, line) for index, line in enumerate(made)))
    for channel in channels:
        await channel.close()
    return played


@dataclasses.dataclass
class Outcome:
    """How the turns of a condition went."""

    calls: int = 0
    turns: int = 0
    right: int = 0
    missed: int = 0
    cut: int = 0
    hung: int = 0
    late_onset: int = 0
    false_turns: int = 0  # turns with a false start before them
    false_calls: int = 0  # calls with a false start
    false_starts: int = 0
    quiet_hours: float = 0.0  # without a turn
    onsets: list = dataclasses.field(default_factory=list)
    waits: list = dataclasses.field(default_factory=list)

    def add(self, other):
        for name, value in dataclasses.asdict(other).items():
            setattr(self, name, getattr(self, name) + value)

    def summary(self):
        waits, onsets = self.waits or [0], self.onsets or [0]
        return {
            name: value for name, value in dataclasses.asdict(self).items() if name not in ("onsets", "waits")
        } | {
            "right_percent": round(100 * self.right / max(1, self.turns), 1),
            "false_starts_an_hour": round(self.false_starts / max(1e-9, self.quiet_hours), 1),
            "wait_mean_ms": round(float(np.mean(waits))),
            "wait_median_ms": round(float(np.median(waits))),
            "wait_p90_ms": round(float(np.percentile(waits, 90))),
            "onset_5_50_95_ms": [round(float(v)) for v in np.percentile(onsets, [5, 50, 95])],
            "end_5_50_95_ms": [round(float(v)) - END_SILENCE for v in np.percentile(waits, [5, 50, 95])],
        }


def judge(turns, decisions, duration):
    """Holds a call's decisions against its turns. All by the time at which a decision was made, which is what a client
    is told: a turn is right if it starts within half a second of its onset, without a start before it, and ends once,
    within 300 ms of its true end and the end silence."""
    outcome, segments, start = Outcome(calls=1), [], None
    for kind, decided, _ in decisions:
        if kind == "start":
            start = decided
        elif start is not None:
            segments.append((start, decided))
            start = None
    if start is not None:
        segments.append((start, None))
    since = 0
    for begin, end in turns:
        due = end + END_SILENCE + END
        mine = [segment for segment in segments if since <= segment[0] < due]
        running = [s for s in segments if s[0] < since and (s[1] is None or s[1] > begin)]
        since = due
        outcome.turns += 1
        false = [segment for segment in mine if segment[0] < begin]
        own = [segment for segment in mine if segment[0] >= begin]
        outcome.false_starts += len(false)
        if own:
            outcome.onsets.append(own[0][0] - begin)
            if own[0][1] is not None:
                outcome.waits.append(own[0][1] - end)
        if false or running:
            outcome.false_turns += 1
        elif not own:
            outcome.missed += 1
        elif len(own) > 1 or own[0][1] is not None and own[0][1] - end < END_SILENCE - END:
            outcome.cut += 1
        elif own[0][1] is None or own[0][1] - end > END_SILENCE + END:
            outcome.hung += 1
        elif own[0][0] - begin > ONSET:
            outcome.late_onset += 1
        else:
            outcome.right += 1
    outcome.false_starts += sum(segment[0] >= since for segment in segments)
    outcome.false_calls = int(outcome.false_starts > 0)
    outcome.quiet_hours = (duration - sum(end - begin for begin, end in turns)) / 3_600_000
    return outcome


def on_the_line(decisions, places):
    """A command's times, which are those of what it was given, as times of the line."""
    def place(milliseconds):
        frame = min(len(places), -(-milliseconds // 20))
        return places[frame - 1] + 20 if frame else 0

    return [(kind, place(decided), place(at)) for kind, decided, at in decisions]


def table(results):
    """Each condition's figures at the gateway, and the command's on the same audio."""
    rows = [
        "| condition | turns right, % | calls with a false start | false starts an hour | cut | hung | not found | "
        "wait after the true end: mean / median / 90 %, ms | start after the onset: 5 / 50 / 95 %, ms | "
        "the command, right % (calls with a false start) |",
        "| --- |" + " ---: |" * 9,
    ]
    for condition, (gateway, command) in results.items():
        g, c = gateway.summary(), command.summary()
        right = f"{g['right_percent']:.1f} of {g['turns']}" if g["turns"] else ""
        waits = f"{g['wait_mean_ms']} / {g['wait_median_ms']} / {g['wait_p90_ms']}" if g["turns"] else ""
        onset = " / ".join(str(v) for v in g["onset_5_50_95_ms"]) if g["turns"] else ""
        beside = f"{c['right_percent']:.1f} ({c['false_calls']})" if c["turns"] else f"({c['false_calls']})"
        rows.append(
            f"| {condition} | {right} | {g['false_calls']} of {g['calls']} | {g['false_starts_an_hour']:.1f} | {g['cut']} | "
            f"{g['hung']} | {g['missed']} | {waits} | {onset} | {beside} |"
        )
    return "\n".join(rows)


def draw(results, path):
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "patchbay"
    import matplotlib.pyplot as plot

    shown = {name: pair for name, pair in results.items() if pair[0].turns and not name.startswith("**")}
    figure, axes = plot.subplots(figsize=(11, 4.6))
    for index, name in enumerate(("the gateway, on live calls", "the command, on the same audio")):
        shares = [100 * pair[index].right / pair[index].turns for pair in shown.values()]
        axes.bar([place + (index - 0.5) * 0.4 for place in range(len(shown))], shares, 0.4, label=name)
    axes.set_xticks(range(len(shown)), list(shown), rotation=30, ha="right")
    axes.set_ylabel("turns right, %")
    axes.set_ylim(0, 100)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.13), ncols=2, frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def write(folder, text, results):
    page = pathlib.Path(folder) / "speech-detection.md"
    before, rest = page.read_text().split(BEGIN_MARK)
    page.write_text(before + BEGIN_MARK + "\n" + text + "\n" + END_MARK + rest.split(END_MARK)[1])
    draw(results, pathlib.Path(folder) / "speech-turns.svg")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = lines.CONDITIONS + lines.FURTHER
    parser.add_argument("--calls", type=int, default=24, help="calls of each condition (default 24)")
    parser.add_argument("--turns", type=int, default=3, help="turns of each call (default 3)")
    parser.add_argument("--at-once", type=int, default=72, help="calls that are live at a time (default 72)")
    parser.add_argument("--conditions", nargs="*", default=every, choices=every, metavar="CONDITION", help=", ".join(every))
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--side", default="evaluation", choices=["evaluation", "development"], help="whose voices")
    parser.add_argument("--short", action="store_true", help="some conditions, one turn a call: less than a minute")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--write", metavar="DIR", help="write the table and the plot there (Docs)")
    parser.add_argument("--cache", required=True, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.short:
        chosen.calls, chosen.turns, chosen.at_once = 8, 1, 72
        chosen.conditions = [
            "clean", "white 10 dB", "babble 10 dB", "hum 10 dB", "echo", "clicks", "noise alone", "soft -38 dBFS", "steps",
        ]
        global NOBODY_SECONDS
        NOBODY_SECONDS = 20
    return chosen


def main():
    chosen = options()
    recordings = usable(corpus.load(chosen.side, chosen.cache))
    if len(by_voice(recordings)) < 4:
        sys.exit("turn-report: too few recordings: Scripts/bootstrap --speech installs them")
    binary = os.environ["BINARY_UNDER_TEST"]
    made = [
        lines.make(condition, recordings, chosen.seed, index, chosen.turns)
        for condition in chosen.conditions
        for index in range(chosen.calls)
    ]
    # Neighbours are of different conditions, so that none of them has a busier server than another.
    order = np.random.default_rng(chosen.seed).permutation(len(made))
    issuer = Issuer()
    token = issuer.token(TENANT)
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, configuration(issuer, pathlib.Path(folder)))
        try:
            played = asyncio.run(play(gateway, token, [made[index] for index in order], chosen.at_once))
        finally:
            gateway.process.kill()
            gateway.process.wait()
    issuer.close()
    command = detectors.Patchbay(binary)
    results = {condition: (Outcome(), Outcome()) for condition in chosen.conditions}
    failures = [call for call in played if call.failure]
    for call in played:
        if call.failure or not call.sent:
            continue
        audio, places = call.heard
        duration = call.position // 8
        at_gateway, at_command = results[call.line.condition]
        at_gateway.add(judge(call.turns, call.decisions, duration))
        at_command.add(judge(call.turns, on_the_line(command.decisions(audio), places), duration))
    total = (Outcome(), Outcome())
    for condition in chosen.conditions:
        if condition in lines.CONDITIONS:
            for whole, part in zip(total, results[condition]):
                whole.add(part)
    results["**the report's 13 conditions**"] = total
    text = table(results)
    print(text)
    for call in failures:
        print(f"turn-report: {call.name} ({call.line.condition}) failed: {call.failure}", file=sys.stderr)
    if chosen.json:
        figures = {c: {"gateway": g.summary(), "command": k.summary()} for c, (g, k) in results.items()}
        pathlib.Path(chosen.json).write_text(json.dumps(figures, indent=1) + "\n")
    if chosen.write:
        write(chosen.write, text, results)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
