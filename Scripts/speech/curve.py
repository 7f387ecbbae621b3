"""Turns cut against the wait after a turn's end: fixed end silences, the adaptive one, and it with eager ends. Run by
Scripts/pause-report.

Every point hears the same calls (pauses.py) with `patchbay speech detect`, which is the server's own detector and
endpointing. A turn is cut if an end of it is decided before its true end. The wait is from the true end of a turn that
was not cut to the decision that ends it. What the last piece of a turn that was cut waits for is told apart: it is heard
as a turn of its own."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

import conversations
import live_pauses
import pauses
import sounds

FIXED = (300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1500)
MARKS = {"curve": ("<!-- curve: begin -->", "<!-- curve: end -->"), "live": ("<!-- live: begin -->", "<!-- live: end -->")}
BOT, EAGER, GUESSES = 500, 240, 3  # milliseconds, and guesses a turn
TOLD = "adaptive, the bot says what it expects"
UNCOUNTED = "adaptive, the bot says what it expects but not how many digits"
UNTOLD = "adaptive, the bot says nothing"


def expectations(call, counted):
    """What the bot expects from a second before each turn on."""
    told = []
    for turn, pieces in zip(call.turns, call.places):
        what = f"digits:{turn.digits}" if turn.kind == "digits" and counted else turn.kind
        told += ["--expect", f"{max(0, pieces[0][0] - 1000)}={what}"]
    return told


def decisions(command, audio, silence, arguments=()):
    environment = dict(os.environ, VAD_END_SILENCE_MS=str(silence), VAD_MIN_SPEECH_MS="100")
    run = subprocess.run(
        [command, "speech", "detect", *arguments], input=audio, capture_output=True, env=environment, check=True
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


class Outcome:
    """How the turns of a point went."""

    def __init__(self):
        self.turns = self.missed = self.cut = self.hung = self.guesses = self.vain = 0
        self.waits, self.cut_waits, self.answers, self.kinds, self.because = [], [], [], {}, {}

    def add(self, call, told):
        """`told`: the decisions of a call, in order."""
        for index, (turn, pieces) in enumerate(zip(call.turns, call.places)):
            begin, end = pieces[0][0], pieces[-1][1]
            until = call.places[index + 1][0][0] if index + 1 < len(call.places) else float("inf")
            mine = [d for d in told if begin <= d["ms"] < until]
            kind = self.kinds.setdefault(turn.kind, [0, 0, []])
            self.turns += 1
            kind[0] += 1
            if not any(d["event"] == "start" for d in mine):
                self.missed += 1
                continue
            cut = any(d["event"] == "end" and d["ms"] < end for d in mine)
            self.cut += cut
            kind[1] += cut
            last = next((d for d in mine if d["event"] == "end" and d["ms"] >= end), None)
            guess, guesses = None, 0
            for decision in mine:
                if decision["event"] == "start":
                    guess, guesses = None, 0
                elif decision["event"] == "pause" and guesses < GUESSES:
                    guess, guesses = decision["ms"], guesses + 1
                    self.guesses += 1
                elif decision["event"] == "resume" and guess is not None:
                    guess = None
                    self.vain += 1
                elif decision["event"] == "end":
                    # An answer to a turn that was cut is in vain, and so is what is begun for it.
                    self.vain += decision["ms"] < end
                if decision is last:
                    break
            if last is None:
                self.hung += 1
                continue
            (self.cut_waits if cut else self.waits).append(last["ms"] - end)
            if cut:
                continue
            kind[2].append(last["ms"] - end)
            self.answers.append(max(last["ms"], (guess if guess is not None else last["ms"]) + BOT) - end)
            if "because" in last:
                reason = f"{turn.kind}: {last['because']}"
                self.because[reason] = self.because.get(reason, 0) + 1

    def summary(self):
        found = max(1, self.turns - self.missed)
        waits, answers = self.waits or [0], self.answers or [0]
        return {
            "turns": self.turns, "missed": self.missed, "hung": self.hung, "cut_percent": round(100 * self.cut / found, 1),
            "wait_mean_ms": round(float(np.mean(waits))), "wait_median_ms": round(float(np.median(waits))),
            "wait_p90_ms": round(float(np.percentile(waits, 90))),
            "wait_with_cut_mean_ms": round(float(np.mean(waits + self.cut_waits))),
            "answer_median_ms": round(float(np.median(answers))), "answer_mean_ms": round(float(np.mean(answers))),
            "in_vain_per_turn": round(self.vain / found, 2),
            "kinds": {
                name: {"cut_percent": round(100 * cut / max(1, count), 1), "wait_mean_ms": round(float(np.mean(waits or [0])))}
                for name, (count, cut, waits) in sorted(self.kinds.items())
            },
            "because": dict(sorted(self.because.items())),
        }


def points(bounds):
    """(name, end silence, arguments of a call) of each point."""
    eager = ("--eager", str(EAGER))
    adaptive = ("--adaptive", bounds)
    made = [(f"fixed {silence}", silence, lambda call: ()) for silence in FIXED]
    made.append(("fixed 700, eager", 700, lambda call: eager))
    for name, told in (
        (TOLD, lambda call: expectations(call, True)),
        (UNCOUNTED, lambda call: expectations(call, False)),
        (UNTOLD, lambda call: ()),
    ):
        made.append((name, 700, lambda call, told=told: (*adaptive, *told(call))))
        made.append((f"{name}, eager", 700, lambda call, told=told: (*adaptive, *eager, *told(call))))
    return made


def spoken(turn):
    """A turn of a folder of conversations, a second into a line without noise, as the only one of a call."""
    lead = 1000
    audio = np.concatenate((np.zeros(8 * lead), turn.samples, np.zeros(8 * (FIXED[-1] + 1000))))
    audio += 10 ** (-72 / 20) * sounds.white(np.random.default_rng(len(turn.samples)), len(audio))
    edges = [0] + [edge for silence in turn.silences for edge in silence]
    pieces = [(lead + begin, lead + end) for begin, end in zip(edges[::2], edges[1::2]) if end > begin]
    said = pauses.Turn(turn.language, 0, turn.samples, pieces)
    return pauses.Call("", [said], [0], 0.0, 0, [], [pieces]), sounds.encode(audio).tobytes()


def conversational(chosen, binary):
    """The points of which nothing needs to be known but the audio, on real conversations."""
    found = [spoken(turn) for turn in conversations.read(chosen.data) if turn.end > 0]
    wanted = [(name, silence, arguments(None)) for name, silence, arguments in points(chosen.bounds)
              if not name.startswith((TOLD, UNCOUNTED))]
    if chosen.judge:
        arguments = ("--adaptive", chosen.bounds, "--judge", chosen.judge)
        wanted.append((f"{UNTOLD}, a judge of its own", 700, arguments))
    figures = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, silence, arguments in wanted:
            outcome = Outcome()
            told = pool.map(lambda pair: decisions(binary, pair[1], silence, arguments), found)
            for (call, _), heard in zip(found, told):
                outcome.add(call, heard)
            figures[name] = outcome.summary()
    rows = ["| end silence | turns | cut, % | wait: mean / median / 90 %, ms | bot turns in vain per turn | cut by language, % |",
            "| --- |" + " ---: |" * 5]
    for name, f in figures.items():
        kinds = ", ".join(f"{kind} {each['cut_percent']:.1f}" for kind, each in f["kinds"].items())
        rows.append(f"| {name} | {f['turns']} | {f['cut_percent']:.1f} | {f['wait_mean_ms']} / {f['wait_median_ms']} / "
                    f"{f['wait_p90_ms']} | {f['in_vain_per_turn']:.2f} | {kinds} |")
    return "\n".join(rows), figures


def table(figures):
    rows = [
        "| end silence | turns cut, % | wait after the true end: mean / median / 90 %, ms | mean wait with cut turns, ms | to the answer of a bot of "
        f"{BOT} ms: median / mean, ms | bot turns in vain per turn | cut by kind: yes or no / digits / address / free, % | "
        "mean wait by kind, ms |",
        "| --- |" + " ---: |" * 7,
    ]
    for name, f in figures.items():
        kinds = [f["kinds"].get(kind, {"cut_percent": 0, "wait_mean_ms": 0}) for kind in pauses.KINDS]
        rows.append(
            f"| {name} | {f['cut_percent']:.1f} | {f['wait_mean_ms']} / {f['wait_median_ms']} / {f['wait_p90_ms']} | "
            f"{f['wait_with_cut_mean_ms']} | {f['answer_median_ms']} / {f['answer_mean_ms']} | {f['in_vain_per_turn']:.2f} | "
            f"{' / '.join(format(k['cut_percent'], '.1f') for k in kinds)} | "
            f"{' / '.join(str(k['wait_mean_ms']) for k in kinds)} |"
        )
    return "\n".join(rows)


def draw(figures, path):
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "patchbay"
    import matplotlib.pyplot as plot

    figure, axes = plot.subplots(1, 2, figsize=(11, 4.4), sharey=True)
    fixed = [figures[f"fixed {silence}"] for silence in FIXED]
    for axis, mean, title in (
        (axes[0], "wait_mean_ms", "until the turn is over"),
        (axes[1], "answer_mean_ms", f"until a bot of {BOT} ms is heard"),
    ):
        axis.plot([f[mean] for f in fixed], [f["cut_percent"] for f in fixed], "o-", color="#888", label="fixed end silence")
        for silence, f in zip(FIXED, fixed):
            if silence in (300, 500, 700, 1000):
                axis.annotate(f"{silence} ms", (f[mean], f["cut_percent"]), (6, 6), textcoords="offset points", fontsize=8)
        for name, color in ((TOLD, "C0"), (UNCOUNTED, "C1"), (UNTOLD, "C3")):
            for suffix, marker in (("", "o"), (", eager", "D")):
                if mean == "wait_mean_ms" and suffix:
                    continue
                f = figures[name + suffix]
                label = name + suffix if mean != "wait_mean_ms" or not suffix else None
                axis.plot([f[mean]], [f["cut_percent"]], marker, color=color, markersize=8, label=label)
        f = figures["fixed 700, eager"]
        if mean != "wait_mean_ms":
            axis.plot([f[mean]], [f["cut_percent"]], "D", color="#888", markersize=8, label="fixed 700 ms, eager")
        axis.set_xlabel(f"mean time from the caller's last sound {title}, ms")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7, frameon=False)
    axes[0].set_ylabel("turns cut, %")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def write(folder, name, text):
    page, (begin, end) = pathlib.Path(folder) / "turns.md", MARKS[name]
    before, rest = page.read_text().split(begin)
    page.write_text(before + begin + "\n" + text + "\n" + end + rest.split(end)[1])


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=120, help="calls, of eight turns each (default 120)")
    parser.add_argument("--side", default="test", choices=["test", "tuning"], help="whose voices (default test)")
    parser.add_argument("--seed", type=int, default=2026, help="of the material (default 2026; tuning is done with others)")
    parser.add_argument("--bounds", default="250-1500", help="of the adaptive silence, in milliseconds (default 250-1500)")
    parser.add_argument(
        "--live", type=int, metavar="N", help="play N of the calls to a running server instead, to four agents at once")
    parser.add_argument("--beside", type=int, default=0, metavar="N", help="with --live: calls to the demo that are up meanwhile")
    parser.add_argument("--data", metavar="FOLDER", help="hear real conversations instead: a folder as Docs/turns.md says")
    parser.add_argument("--judge", metavar="FILE", help="with --data: also with a judge that judge.py has made")
    parser.add_argument("--points", nargs="*", metavar="NAME", help="only the points whose names begin so")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--write", metavar="DIR", help="write the table and the plot there (Docs)")
    parser.add_argument("--cache", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    chosen = options()
    if chosen.data:
        try:
            text, figures = conversational(chosen, os.environ["BINARY_UNDER_TEST"])
        except conversations.DataError as error:
            sys.exit(f"pause-report: {error}")
        print(text)
        if chosen.json:
            pathlib.Path(chosen.json).write_text(json.dumps(figures, indent=1) + "\n")
        return
    calls = pauses.build(chosen.side, chosen.calls, chosen.seed, chosen.cache)
    if not calls:
        sys.exit("pause-report: too few recordings: Scripts/bootstrap --speech installs them")
    if chosen.live:
        text = live_pauses.measure(calls[: chosen.live], chosen.bounds, chosen.beside)
        print(text)
        if chosen.write:
            write(chosen.write, "live", text)
        return
    lines = [call.line().tobytes() for call in calls]
    lengths = np.array(pauses.inner(calls))
    print(
        f"{sum(len(call.turns) for call in calls)} turns, {len(lengths)} pauses within them: "
        f"{100 * (lengths > 450).mean():.1f} % over 450 ms, {100 * (lengths > 700).mean():.1f} % over 700 ms"
    )
    binary, figures = os.environ["BINARY_UNDER_TEST"], {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, silence, arguments in points(chosen.bounds):
            if chosen.points and not any(name.startswith(point) for point in chosen.points):
                continue
            outcome = Outcome()
            heard = pool.map(lambda pair: decisions(binary, pair[1], silence, arguments(pair[0])), zip(calls, lines))
            for call, told in zip(calls, heard):
                outcome.add(call, told)
            figures[name] = outcome.summary()
    text = table(figures)
    print(text)
    if chosen.json:
        pathlib.Path(chosen.json).write_text(json.dumps(figures, indent=1) + "\n")
    if chosen.write:
        write(chosen.write, "curve", text)
        draw(figures, pathlib.Path(chosen.write) / "pauses.svg")


if __name__ == "__main__":
    main()
