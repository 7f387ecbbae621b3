"""Servers that are measured: the processes, and what they use of the machine."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A machine with more than one core has one for the server, and the others for the callers.
PINNED = (os.cpu_count() or 1) > 1


def fail(text):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {text}")


def pinned(callers, command):
    """A command for the callers' cores, or for the server's."""
    cores = f"1-{os.cpu_count() - 1}" if callers else "0"
    return ["taskset", "--cpu-list", cores, *map(str, command)] if PINNED else list(map(str, command))


class Server:
    """A server process."""

    def __init__(self, name, command, folder, environment=None):
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                pinned(False, command), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=os.environ | (environment or {}))
        try:
            self.target = self.address = self.printed("listening on")
        except BaseException:
            self.process.kill()
            raise

    def printed(self, phrase, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := re.search(re.escape(phrase) + r' ([^\s"\\,]+)', self.log.read_text(errors="replace")):
                return found[1]
            if self.process.poll() is not None:
                fail(f"{self.name} exited with {self.process.returncode}:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)
        fail(f"{self.name} did not print '{phrase} …':\n{self.log.read_text()[-2000:]}")

    def cpu_seconds(self):
        """CPU time of the process, in nanoseconds' steps."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def memory(self):
        """What is resident, in bytes."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    def waits(self):
        """How often a thread of the process went to sleep."""
        count = 0
        for status in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/status"):
            with contextlib.suppress(OSError, TypeError):
                count += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.M)[1])
        return count

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def metric(self, name):
        """A metric of the admin port, summed over its labels."""
        with urllib.request.urlopen(f"http://{self.printed('admin on')}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)
        return sum(map(float, found))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(10)


def demo(name, binary, folder, calls=0):
    """Patchbay with its embedded demo: every token is checked, speech is detected, words are said back."""
    room = str(max(2000, 2 * calls))
    return Server(name, [binary, "serve"], folder, {
        "PATCHBAY_LISTEN_ADDRESS": "127.0.0.1:0", "PATCHBAY_ADMIN_ADDRESS": "127.0.0.1:0",
        "PATCHBAY_LIMITS_CONVERSATIONS": room, "PATCHBAY_LIMITS_CONVERSATIONS_PER_TENANT": room})


def both_wires(name, binary, folder):
    """Patchbay with a port for each wire and tokens of its own, which its callers find."""
    file = folder / "wires.yaml"
    file.write_text(json.dumps({  # JSON is YAML
        "listen": {"address": "127.0.0.1:0"}, "admin": {"address": "127.0.0.1:0"}, "identity": {"development": True},
        "websocket": {"address": "127.0.0.1:0"}, "limits": {"conversations": 2000},
        "agents": [{"id": "demo", "responses": "chunk", "engine": {"kind": "demo"}}]}))
    return Server(name, [binary, "serve", "--config", file], folder)


def token_of(server, folder):
    """The file of the embedded demo's token; the bare server accepts any."""
    if server.name == "bare":
        anything = folder / "any.token"
        anything.write_text("e30.e30.e30")
        return anything
    text = server.log.read_text(errors="replace")
    if found := re.search(r'(/[^\s"\\,]*token[^\s"\\,]*)', text):
        return pathlib.Path(found[1])
    fail(f"no token file in the server's log:\n{text[-2000:]}")


def machine():
    """What the figures are of."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*: (.+)$", text, re.M)
    return {
        "processor": found[1] if found else "unknown", "cores": os.cpu_count(),
        "kernel": f"{os.uname().sysname} {os.uname().release}"}


def revision():
    run = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return run.stdout.strip() or "unknown"
