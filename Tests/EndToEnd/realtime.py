"""The stand-in for a Realtime server, of Scripts/examples/realtime-stand-in."""

import json
import pathlib
import re
import subprocess
import sys
import time

STAND_IN = pathlib.Path(__file__).resolve().parents[2] / "Scripts/examples/realtime-stand-in/server.py"


class StandIn:
    """The server, and what its clients sent it."""

    def __init__(self, folder, *options):
        self.log = folder / "events"
        self.log.touch()
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", STAND_IN, "--port", "0", "--log", self.log, *options],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = re.search(r"ws://\S+", line)[0]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    @property
    def events(self):
        return [event for event in self._noted if not event["type"].startswith("stand_in.")]

    @property
    def conversations(self):
        """What the conversation held after each answer: roles, and types of items without one."""
        return [event["items"] for event in self._noted if event["type"] == "stand_in.conversation"]

    @property
    def _noted(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def of(self, type):
        return [event for event in self.events if event["type"] == type]

    def wait(self, type, count=1, seconds=10):
        deadline = time.monotonic() + seconds
        while len(self.of(type)) < count:
            assert time.monotonic() < deadline, f"no {type} number {count}: {[e['type'] for e in self.events][-9:]}"
            time.sleep(0.02)
        return self.of(type)[count - 1]
