"""The scripts that measure: a count of instructions that grew is an error, a soak tells what was lost."""

import json
import subprocess
import sys

import pytest

from gateway import BINARY
from speech import ROOT

sys.path.insert(0, str(ROOT / "Scripts/speed"))
import callgrind  # noqa: E402

EXPECTED = {"debug": {"frame": 1000, "RPC": 20000}}


def instructions(folder, counts):
    (folder / "counts").write_text(json.dumps(counts))
    (folder / "expected").write_text(json.dumps(EXPECTED))
    return subprocess.run(
        [ROOT / "Scripts/instructions", "--counts", folder / "counts", "--expected", folder / "expected"],
        capture_output=True, text=True)


@pytest.mark.parametrize("frame, code, words", [
    (1101, 1, "more than allowed"), (1099, 0, ""), (1000, 0, ""), (899, 0, "--accept")])
def test_a_tenth_more_instructions_are_an_error(tmp_path, frame, code, words):
    run = instructions(tmp_path, {"frame": frame, "RPC": 20000})
    assert run.returncode == code, run.stdout + run.stderr
    assert words in run.stdout.splitlines()[0]


def test_what_nothing_is_expected_of_is_an_error(tmp_path):
    run = instructions(tmp_path, {"frame": 1000, "token": 5})
    assert run.returncode == 1
    assert "token" in run.stderr


def test_the_cost_of_a_function_is_summed_over_its_callers(tmp_path):
    graph = tmp_path / "graph"
    graph.write_text(
        "events: Ir\n\nfn=run\n10 5\ncfn=hear\ncalls=3 20\n10 300\ncfn=other\ncalls=1 9\n10 7\n"
        "fn=late\n12 1\ncfn=hear\ncalls=2 20\n12 110\ntotals: 423\n")
    costs = callgrind.inclusive(graph, ("^hear$", "^missing$"))
    assert (costs["^hear$"].calls, costs["^hear$"].cost) == (5, 410)
    assert (costs["^missing$"].calls, costs["^missing$"].cost) == (0, 0)


def test_a_short_soak_loses_no_call_and_draws_its_picture(tmp_path):
    run = subprocess.run(
        [ROOT / "Scripts/soak", "--binary", BINARY, "--calls", "3", "--minutes", "0.1", "--folder", tmp_path,
         "--json", tmp_path / "soak.json", "--plot", tmp_path / "soak.svg"],
        capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "kept       no call is lost" in run.stdout
    assert "not judged memory stays" in run.stdout
    result = json.loads((tmp_path / "soak.json").read_text())
    assert result["calls"] >= 1 and result["turns"] >= 1 and not result["errors"]
    assert (tmp_path / "soak.svg").read_text().startswith("<svg")


def soaked(tmp_path, **changes):
    """What Scripts/soak says of figures whose last quarter differs."""
    samples = [
        {"seconds": second, "cpu_seconds": second / 10, "rss": 50_000_000, "descriptors": 20, "live": 60}
        for second in range(0, 601, 10)]
    for one in samples:
        if one["seconds"] > 450:
            one |= {key: value for key, value in changes.items() if key in one}
    figures = {
        "machine": {"processor": "a processor"}, "date": "2026-01-01", "calls_at_once": 60, "minutes": 10,
        "samples": samples, "calls": 100, "turns": 200, "frames": 1000, "errors": changes.get("errors", {}),
        "outcomes": {"hungUp": 100}, "late_frames": 0, "turn_p50_ms": 700, "turn_p99_ms": 750}
    (tmp_path / "soak.json").write_text(json.dumps(figures))
    return subprocess.run([ROOT / "Scripts/soak", "--show", tmp_path / "soak.json"], capture_output=True, text=True)


@pytest.mark.parametrize("changes, broken", [
    ({}, None), ({"rss": 52_000_000}, "memory stays"), ({"descriptors": 21}, "descriptors stay"),
    ({"errors": {"NO_ANSWER": 1}}, "no call is lost")])
def test_a_soak_tells_what_does_not_stay_as_it_was(tmp_path, changes, broken):
    run = soaked(tmp_path, **changes)
    assert run.returncode == (broken is not None), run.stdout + run.stderr
    assert [line for line in run.stdout.splitlines() if "NOT KEPT" in line and broken in line] if broken else (
        "NOT KEPT" not in run.stdout)
