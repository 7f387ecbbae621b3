"""Measures speech detection on calls whose turns are known, and writes the table and the plot of
Docs/speech-detection.md. Run by Scripts/speech-report."""

import argparse
import hashlib
import json
import os
import sys

import calls
import corpus
import detectors
import score

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def check_apart(sides):
    """No voice and no recording is on two sides, by name and by content."""
    voices, contents = {}, {}
    for side, recordings in sides.items():
        for recording in recordings:
            if voices.setdefault(recording.voice, side) != side:
                sys.exit(f"the voice {recording.voice} is on two sides")
            digest = hashlib.sha256(recording.samples.tobytes()).digest()
            if contents.setdefault(digest, side) != side:
                sys.exit(f"{recording.path} is on two sides by its content")


def measure(detector, built):
    by_condition = {}
    for call in built:
        result = score.score(call, detector.decisions(call.audio))
        by_condition.setdefault(call.condition, score.Score()).add(result)
    return by_condition


def total(by_condition):
    result = score.Score()
    for part in by_condition.values():
        result.add(part)
    return result


def share(part):
    return 100 * part.right / max(1, part.turns)


def table(results, costs):
    """The turns got right by condition and detector, and below it what went wrong."""
    names = list(results)
    lines = ["| turns got right, % | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for condition in results[names[0]]:
        cells = [f"{share(results[name][condition]):.1f}" for name in names]
        lines.append(f"| {condition} | " + " | ".join(cells) + " |")
    sums = {name: total(results[name]) for name in names}
    alone = {name: results[name].get("noise alone", score.Score()) for name in names}

    def row(label, cell):
        lines.append(f"| {label} | " + " | ".join(cell(name) for name in names) + " |")

    row("**all conditions**", lambda name: f"**{share(sums[name]):.1f}**")
    lines += ["", "| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    row("false starts an hour of noise alone", lambda n: f"{alone[n].false_starts / max(1e-9, alone[n].silence):.1f}")
    row("false starts an hour of silence, noise, echo and clicks between all turns", lambda n: f"{sums[n].false_starts / max(1e-9, sums[n].silence):.1f}")
    row("µs of CPU for 20 ms", lambda n: f"{costs[n]:.1f}" if costs.get(n) else "not measured")
    for label, field in (
        ("turns not found", "missed"),
        ("… with a false start before them", "false_start"),
        ("… cut", "cut"),
        ("… left hanging", "hanging"),
        ("… whose onset was off by more than 250 ms", "onset_wrong"),
    ):
        row(label, lambda n: str(getattr(sums[n], field)))
    for label, field in (
        ("onset told, after the true one (5 %, median, 95 %), ms", "onsets"),
        ("start decided, after the true onset, ms", "delays"),
        ("end decided, after the true end and the end silence, ms", "ends"),
    ):
        row(label, lambda n: " / ".join(str(v) for v in score.percentiles(getattr(sums[n], field))))
    return "\n".join(lines)


def draw(results, path):
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "patchbay"
    import matplotlib.pyplot as plot

    conditions = list(next(iter(results.values())))
    figure, axes = plot.subplots(figsize=(11, 4.6))
    width = 0.8 / len(results)
    for index, (name, by_condition) in enumerate(results.items()):
        places = [place + (index - (len(results) - 1) / 2) * width for place in range(len(conditions))]
        label = f"{name}: {share(total(by_condition)):.0f} % of all turns"
        axes.bar(places, [share(by_condition[c]) for c in conditions], width, label=label)
    axes.set_xticks(range(len(conditions)), conditions, rotation=30, ha="right")
    axes.set_ylabel("turns got right, %")
    axes.set_ylim(0, 100)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.13), ncols=len(results), frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default="patchbay", help="the patchbay to measure (default: on the PATH)")
    parser.add_argument("--turns", type=int, default=200, help="turns in each condition (default 200)")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--side", default="evaluation", choices=["evaluation", "development"], help="whose voices")
    parser.add_argument("--only", nargs="*", default=["patchbay", "silero", "webrtc"], help="which detectors")
    parser.add_argument("--cost", help="a patchbay built for release whose CPU time is taken (default: --command's)")
    parser.add_argument("--cache", default=os.path.expanduser("~/.cache/patchbay-speech"))
    parser.add_argument("--write", metavar="DIR", help="write the table and the plot there (Docs)")
    options = parser.parse_args()
    sides = {side: corpus.load(side, options.cache) for side in ("training", "development", "evaluation")}
    check_apart(sides)
    recordings = sides[options.side]
    if not recordings:
        sys.exit("no recordings: install the packages that Scripts/speech-report --help names")
    built = calls.build(recordings, options.turns, options.seed)
    print(f"{len(built)} calls, {sum(c.duration for c in built) / 3_600_000:.1f} h, of {len(recordings)} recordings", flush=True)
    makers = {
        "patchbay": lambda: detectors.Patchbay(options.command),
        "silero": detectors.Silero,
        "webrtc": detectors.WebRTC,
    }
    results, costs = {}, {}
    for key in options.only:
        detector = makers[key]()
        results[detector.name] = measure(detector, built)
        probe = detectors.Patchbay(options.cost) if key == "patchbay" and options.cost else detector
        costs[detector.name] = detectors.cost(probe, built)
        print(f"{detector.name}: {share(total(results[detector.name])):.1f} % right", flush=True)
    text = table(results, costs)
    print(text)
    if options.write:
        page = os.path.join(options.write, "speech-detection.md")
        draw(results, os.path.join(options.write, "speech-detection.svg"))
        with open(page) as file:
            old = file.read()
        before, rest = old.split(BEGIN)
        with open(page, "w") as file:
            file.write(before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
