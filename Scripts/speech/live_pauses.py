"""The calls of pauses.py at a running server, as a foreign client plays them: what of the curve the wire says. Run by
Scripts/pause-report --live.

The bot is one on Protos/bot.proto that thinks for half a second and says with each answer what its next question asks for.
All times are on the line's own clock. Calls with each end silence are live at the same time."""

import asyncio
import pathlib
import sys
import tempfile
import time

import numpy as np

import pauses
from turns import ORGANIZATION, RATE, TENANT, Call, play

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

import bots  # noqa: E402
from crowd import crowd  # noqa: E402
from gateway import Gateway  # noqa: E402
from issuer import Issuer  # noqa: E402

THINKING = 0.5
EXPECTED = {"yes_no": 1, "digits": 2, "address": 3, "free": 4}
FIXED, TOLD, EAGER = "fixed 700", "adaptive, the bot says what it expects", ", eager"
AGENTS = {"fixed": FIXED, "fixed-eager": FIXED + EAGER, "told": TOLD, "told-eager": TOLD + EAGER}


class Line:
    """A call of the material as turns.Call plays it: the turns follow the server's own prompts."""

    condition = kind = "pauses"

    def __init__(self, call):
        self.turns = [Piece(turn, gap) for turn, gap in zip(call.turns, call.gaps)]
        seconds = 10 + sum(len(t.samples) / RATE + t.gap / RATE + 6 for t in self.turns)
        self.background = call.background(int(seconds * RATE))

    def echo(self, prompt):
        return np.zeros(0)


class Piece:
    """A turn: where it begins and ends in its samples, and the silence before it."""

    def __init__(self, turn, gap):
        self.kind, self.digits, self.samples = turn.kind, turn.digits, turn.samples
        self.begin, self.end, self.sounds = 0, len(turn.samples), np.zeros(0)
        # The line is silent since the prompt, not since the turn before.
        self.gap = gap - 2 * RATE


class PausedCall(Call):
    """A call to one of the agents, and when each piece of audio came."""

    def __init__(self, line, channel, token, name):
        super().__init__(line, channel, token, name)
        self.heard_at = []

    def message(self, **input):
        return super().message(virtual_agent_id=self.name.split(".")[0], **input)

    def play(self, audio):
        self.heard_at.append(self.position * 1000 // RATE)
        super().play(audio)

    @property
    def expected(self):
        """The turn that is asked for: the first that is not over."""
        now = self.position * 1000 // RATE
        done = sum(end <= now for _, end in self.turns)
        return self.line.turns[min(done, len(self.line.turns) - 1)]


def server(folder, issuer, bot, bounds):
    minimum, maximum = bounds.split("-")
    adaptive = {"adaptive": {"minimum": f"{minimum}ms", "maximum": f"{maximum}ms"}}
    agents = [
        {"id": name, "responses": "chunk", "engine": bot.engine, "eager": "eager" in name, "default": name == "fixed"}
        | ({"speech": adaptive} if "told" in name else {})
        for name in AGENTS
    ] + [{"id": "beside", "responses": "chunk", "engine": {"kind": "demo"}}]
    return Gateway(folder, {
        "listen": {"address": "127.0.0.1:0"}, "admin": {"address": "127.0.0.1:0"},
        "identity": {
            "issuers": [{"issuer": issuer.name, "keys_url": issuer.keys_url}],
            "tenants": [{key: TENANT[key] for key in ("org", "name", "url")}],
        },
        "agents": agents, "shutdown": {"drain": "1s", "grace": "0s"},
    })


def outcomes(calls, heard):
    """By end silence, how its turns went."""
    found = {}
    for call in calls:
        f = found.setdefault(AGENTS[call.name.split(".")[0]], {"turns": 0, "cut": 0, "waits": [], "answers": [], "vain": 0})
        for index, (begin, end) in enumerate(call.turns):
            until = call.turns[index + 1][0] if index + 1 < len(call.turns) else float("inf")
            ends = [at for kind, at, _ in call.decisions if kind == "end" and begin <= at < until]
            if not ends:
                continue
            f["turns"] += 1
            cut = any(at < end for at in ends)
            f["cut"] += cut
            f["vain"] += sum(at < end for at in ends)
            if not cut:
                f["waits"].append(ends[0] - end)
                f["answers"] += [at - end for at in call.heard_at if ends[0] - 20 <= at < until][:1]
        kinds = heard.get(call.name, [])
        f["vain"] += kinds.count("turn_resumed")
    return found


def table(found):
    rows = [
        "| at the gateway | turns | cut, % | wait after the true end: mean / median / 90 %, ms | to the first audio of a bot "
        f"of {THINKING * 1000:.0f} ms: median / mean, ms | bot turns in vain per turn |",
        "| --- |" + " ---: |" * 5,
    ]
    for name in AGENTS.values():
        f = found.get(name)
        if f and f["waits"] and f["answers"]:
            w, a = f["waits"], f["answers"]
            rows.append(
                f"| {name} | {f['turns']} | {100 * f['cut'] / f['turns']:.1f} | {np.mean(w):.0f} / {np.median(w):.0f} / "
                f"{np.percentile(w, 90):.0f} | {np.median(a):.0f} / {np.mean(a):.0f} | {f['vain'] / f['turns']:.2f} |"
            )
    return "\n".join(rows)


def measure(calls, bounds, beside):
    """Plays every call to each agent, all at the same time, with so many calls to the demo beside. Gives the table."""
    made, heard = {}, {}

    def answer(call, event):
        kind, name = event.WhichOneof("event"), call.hello.call.conversation
        heard.setdefault(name, []).append(kind)
        if kind not in ("started", "turn_may_be_over", "speech_ended"):
            return
        if kind != "started":
            time.sleep(THINKING)
            yield from bots.audio(b"\x55" * 2400, event.turn)
        turn = made[name].expected
        settings = {"expects": EXPECTED[turn.kind]} | ({"digit_count": turn.digits} if turn.digits else {})
        yield bots.end_turn(event.turn, **settings)

    issuer = Issuer()
    token = issuer.token(TENANT)
    with tempfile.TemporaryDirectory() as folder, bots.Bot(answer, workers=len(calls) * len(AGENTS) + 8) as bot:
        gateway = server(folder, issuer, bot, bounds)
        lines = [(f"{agent}.{index}", Line(call)) for index, call in enumerate(calls) for agent in AGENTS]

        def make(line, channel, token, name):
            name, line = line
            made[name] = PausedCall(line, channel, token, name)
            return made[name]

        try:
            with crowd(gateway, token, beside, "beside", folder):
                played = asyncio.run(play(gateway, token, lines, len(lines), make))
        finally:
            gateway.process.kill()
            gateway.process.wait()
    issuer.close()
    for call in played:
        if call.failure:
            print(f"pause-report: {call.name} failed: {call.failure}", file=sys.stderr)
    return table(outcomes([call for call in played if not call.failure], heard))
