"""`patchbay replay` as a load tester: calls that arrive, what is required of a run, and the search for capacity."""

import json
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy
import pytest

from caller import Caller
from conftest import TENANT_A
from gateway import run
from schemas import SESSION_END, SESSION_START
from speech import SOUNDS, recorded, silence
from upstream import Upstream, final, wav

SENTENCE = SOUNDS / "vm-theperson.wav"


@pytest.fixture
def token_file(tmp_path, token):
    file = tmp_path / "token"
    file.write_text(token)
    return file


def report_of(made):
    return json.loads(made.stdout.splitlines()[-1])


def test_arrivals_and_requirements(gateway, token_file):
    """Calls arrive at their rate; those that find too many up are late from when they were due, and what is required
    decides the exit code, whatever else went well."""
    made = run(
        "replay", SENTENCE, "--rate", 4, "--calls", 2, "--duration", 1, "--barge-in", 100, "--target", gateway.address,
        "--token", token_file, "--require", "turn p99 < 60s", "--require", "callsLate < 1%", "--json", seconds=60)
    report = report_of(made)
    assert made.returncode == 1, made.stderr
    assert report["calls"] == 2 and report["turns"] == 2 and report["errors"] == {}, report
    # Two of the four are up until after the time is over.
    assert report["callsMissed"] == 2 and report["callDelay"]["count"] == 4, report
    kept = {r["requirement"]: r["kept"] for r in report["verdict"]["requirements"]}
    assert kept == {"turn p99 < 60s": True, "callsLate < 1%": False, "errors <= 0": True}
    assert "FAILED: 1 of 3 requirements not kept" in made.stderr, made.stderr


def test_requirements_that_cannot_be_understood(token_file, tmp_path):
    """What is wrong with a requirement or a profile is said before anybody is called."""
    wrong = run("replay", SENTENCE, "--calls", 1, "--token", token_file, "--require", "trun p99 < 1s")
    assert wrong.returncode == 64 and "did you mean turn?" in wrong.stderr, wrong.stderr
    profile = tmp_path / "load.yaml"
    profile.write_text("stages:\n  - rate: fast\n    duration: 1s\n")
    wrong = run("replay", SENTENCE, "--profile", profile, "--token", token_file)
    assert wrong.returncode == 78 and f"{profile}:2:11: `rate` of stage 1 cannot be `fast`" in wrong.stderr, wrong.stderr


class Limited(Upstream):
    """A server that holds one call at a time and refuses others."""

    def __init__(self):
        super().__init__(lambda request: iter([final(wav(silence(0.1)))]), silence=0.2)
        self.live, self.lock = set(), threading.Lock()

    def process(self, requests, context):
        first = next(requests)
        event, call = first.event_input.event_type, first.conversation_id
        with self.lock:
            if event == SESSION_END:
                self.live.discard(call)
            elif event == SESSION_START and first.HasField("event_input") and len(self.live) >= 1:
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "one call only")
            else:
                self.live.add(call)

        def all_of():
            yield first
            yield from requests

        yield from super().process(all_of(), context)


def test_capacity_of_a_foreign_server(token_file):
    """The capacity of a server that is not ours is found by itself, with the loads that were tried."""
    with Limited() as server:
        made = run(
            "replay", SENTENCE, "--find-capacity", "--calls", 1, "--ramp", 0, "--warm-up", 0, "--duration", 2,
            "--require", "errors < 1%", "--require", "turn p99 < 60s", "--target", f"127.0.0.1:{server.port}", "--token",
            token_file, "--json", seconds=60)
    report = report_of(made)
    assert made.returncode == 0, made.stderr
    capacity = report["capacity"]
    assert capacity["highest"] == 1 and capacity["lowestBroken"] == 2, made.stderr
    assert capacity["steps"][1]["replayerLate"] or capacity["limitedBy"] == "requirements"
    assert [step["level"] for step in capacity["steps"]] == [1, 2]
    assert capacity["steps"][1]["report"]["errors"].keys() == {"RESOURCE_EXHAUSTED"}, capacity
    assert report["verdict"]["passed"] and report["turns"] > 0
    assert "2 calls  not kept  errors < 1%" in made.stderr, made.stderr


def trailing(words):
    """Seconds after the last 10 ms that are louder than the loudest less 35 dB: what `replay` takes for the end of speech."""
    samples = words.samples.astype(float)
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    levels = 10 * numpy.log10((frames**2).mean(axis=1) + 1e-9)
    return (len(levels) - 1 - numpy.flatnonzero(levels > levels.max() - 35)[-1]) / 100


def test_replay_agrees_with_a_caller_that_is_not_ours(gateway, issuer, token_file):
    """`replay` and a foreign client say the same sentence to one server at the same time: as many turns are answered, and
    they measure the same latency."""
    words, latencies = recorded("vm-theperson"), []

    def foreign():
        with gateway.channel() as channel:
            call = Caller(channel, issuer.token(TENANT_A), TENANT_A["org"], "demo-wav", "wav")
            call.start()
            for _ in range(2):
                answer = call.speak(words, after_prompts=False)
                latencies.append(answer.answers[0].time - (answer.utterance.ended - trailing(words)))
            call.hang_up()

    with ThreadPoolExecutor() as pool:
        ours = pool.submit(
            run, "replay", SENTENCE, "--calls", 2, "--turns", 2, "--barge-in", 200, "--agent", "demo-wav", "--target",
            gateway.address, "--token", token_file, "--json", seconds=60)
        theirs = [pool.submit(foreign) for _ in range(2)]
        for caller in theirs:
            caller.result()
        made = ours.result()
    report = report_of(made)
    assert made.returncode == 0, made.stderr
    assert report["turns"] == len(latencies) == 4 and report["errors"] == {}, report
    foreign_median = 1000 * statistics.median(latencies)
    print(f"turn latency p50: replay {report['turnLatency']['p50']:.0f} ms, foreign {foreign_median:.0f} ms")
    assert abs(report["turnLatency"]["p50"] - foreign_median) < 150, (report["turnLatency"], latencies)
