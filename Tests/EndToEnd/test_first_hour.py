"""An operator's first hour, by the page: the commands of "Try it", a trace of each call, a bot that breaks, and the drain."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request

import pytest

from gateway import BINARY, SLOW, SURROUNDINGS
from otlp import Receiver
from speech import ROOT, SOUNDS
from test_samples import blocks

PAGE = (ROOT / "Docs/operating.md").read_text().split("\n## The first day\n")[1].split("\n## ")[0]
SHIPPED = ROOT / "Scripts/deployment/systemd/patchbay.yaml"
PATIENCE = 4 if SLOW else 1


def part(title):
    """What the page says under one of the day's headings."""
    return re.split(r"\n(?=\*\*)", PAGE[PAGE.index(f"**{title}"):])[0]


class Operator:
    """Somebody who types what the page says, on a machine where the package's files are in other places."""

    def __init__(self, folder):
        self.folder = folder
        tools = folder / "tools"
        tools.mkdir()
        for name, script in {
            "sudo": 'exec "$@"', "patchbay": f'exec "{BINARY}" "$@"',
            # What the page has its reader write: `identity: {development: true, …}`, and where traces go.
            "editor": "sed --in-place 's/^identity:/identity:\\n  development: true/' \"$1\"",
        }.items():
            (tools / name).write_text(f"#!/bin/sh\n{script}\n")
            (tools / name).chmod(0o755)
        shutil.copy(f"{SOUNDS}/tt-monkeysintro.wav", folder / "hello.wav")
        self.environment = SURROUNDINGS | {
            "PATH": f"{tools}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(folder),
            "PATCHBAY_LISTEN_ADDRESS": "127.0.0.1:0", "PATCHBAY_ADMIN_ADDRESS": "127.0.0.1:0"}
        self.log, self.server, self.addresses = folder / "server.log", None, {}

    def type(self, command, background=False):
        for written, meant in ({"/etc/patchbay/patchbay.yaml": str(SHIPPED)} | self.addresses).items():
            command = command.replace(written, meant)
        process = subprocess.Popen(
            ["bash", "-ec", command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if background:
            return process
        shown, _ = process.communicate(timeout=60 * PATIENCE)
        assert process.returncode == 0, f"{command}\n{shown}"
        return shown

    def serve(self, command):
        with self.log.open("wb") as log:
            self.server = subprocess.Popen(
                ["bash", "-ec", f"exec {command}"], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        for written, phrase in {"127.0.0.1:50051": "listening on", "127.0.0.1:8080": "admin on"}.items():
            self.addresses[written] = self.until(lambda: re.search(rf"{phrase} (127\.0\.0\.1:\d+)", self.text), phrase)[1]

    @property
    def text(self):
        return self.log.read_text(errors="replace")

    def ask(self, path):
        with urllib.request.urlopen(f"http://{self.addresses['127.0.0.1:8080']}{path}", timeout=5) as answer:
            return answer.read().decode()

    def until(self, condition, what):
        deadline = time.monotonic() + 20 * PATIENCE
        while not (found := condition()):
            assert self.server.poll() is None and time.monotonic() < deadline, f"{what}:\n{self.text[-3000:]}"
            time.sleep(0.05)
        return found


@pytest.fixture
def operator(tmp_path):
    one = Operator(tmp_path)
    yield one
    if one.server and one.server.poll() is None:
        one.server.kill()
        one.server.wait()


def is_a_tree(spans):
    ids = {span.id for span in spans}
    return [span.parent for span in spans].count("") == 1 and all(span.parent in ids for span in spans if span.parent)


def test_first_hour(operator):
    with Receiver() as receiver:
        write, serve, call, load = [line.split("  # ")[0].strip() for line in blocks(part("Try it"), "sh")[0].splitlines()]
        operator.type(write)
        assert (operator.folder / "try.yaml").stat().st_mode & 0o077 == 0
        traces = re.search(r"`(telemetry: \{.*?\})`", part("Trace"))[1].replace("http://127.0.0.1:4318/v1/traces", receiver.url)
        with (operator.folder / "try.yaml").open("a") as file:
            file.write(f"{traces}\n")
        operator.serve(serve)
        operator.until(lambda: json.loads(operator.ask("/readyz"))["ready"], "it is ready")
        assert "hangs up" in operator.type(call)

        # The dashboard's figures under the load.
        playing = operator.type(load, background=True)
        calls = int(re.search(r"--calls (\d+)", load)[1])
        operator.until(lambda: len(json.loads(operator.ask("/status"))["calls"]) == calls, f"{calls} calls are live")
        shown, _ = playing.communicate(timeout=60 * PATIENCE)
        assert playing.returncode == 0 and "PASSED" in shown, shown
        operator.until(lambda: len(receiver.of("conversation")) == calls + 1, "each call has its trace")
        time.sleep(2.5)  # an RPC's span may end after its conversation's
        assert not receiver.faults
        for root in receiver.of("conversation"):
            spans = [span for span in receiver.spans if span.trace == root.trace]
            assert is_a_tree(spans), spans
            assert all(-0.001 <= span.seconds <= root.seconds + 1 for span in spans), spans

        break_a_bot(operator, call)
        # The drain: not ready at once, and it ends by itself.
        operator.server.send_signal(signal.SIGTERM)
        assert operator.server.wait(20 * PATIENCE) == 0


def break_a_bot(operator, call):
    """As the page says; then the figure of each alert that it names, and their sections of the runbook."""
    text, file = part("Break a bot"), operator.folder / "try.yaml"
    line = blocks(text, "yaml")[0]
    changed, count = re.subn(r"^    engine: .*\n", line, file.read_text(), flags=re.M)
    assert count == 1, "the line takes the place of the shipped agent's"
    file.write_text(changed)
    operator.until(lambda: "the configuration was read again" in operator.text, "it reads the file again")
    assert "refused" not in operator.text

    def metric(name):
        return sum(float(one) for one in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", operator.ask("/metrics"), re.M))

    # There before the first failure: Prometheus sees no growth in what it sees for the first time.
    assert re.search(r'^patchbay_bot_failures_total\{agent="demo",kind="unreachable"\} 0$', operator.ask("/metrics"), re.M)
    calls = [operator.type(f"{call} || true", background=True) for _ in range(5)]
    for one in calls:
        shown, _ = one.communicate(timeout=60 * PATIENCE)
        assert "TRANSFER_TO_AGENT" in shown, shown
    assert metric("patchbay_bot_failures_total") == 5
    assert metric("patchbay_bot_breaker_open") == 1, "left alone after five failures"
    found = json.loads(operator.ask("/status/find/demo%20botFailed"))
    assert found["endedCount"] == 5
    assert '"error":"unreachable: ' in operator.text
    alerts = re.findall(r"\[(Patchbay\w+)\]\(runbook\.md#(\w+)\)", text)
    assert {name for name, _ in alerts} == {"PatchbayBotFails", "PatchbayBotLeftAlone"}
    runbook = (ROOT / "Docs/runbook.md").read_text()
    for name, anchor in alerts:
        assert name.lower() == anchor and f"\n## {name}\n" in runbook
