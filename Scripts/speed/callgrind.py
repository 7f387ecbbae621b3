"""A program under callgrind: its instructions, and those of one of its functions only."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

# Debian's valgrind writes to the mask that a thread waits with, which libdispatch has in memory that cannot be written to.
WAIT = """
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
int sigsuspend(const sigset_t *mask) { sigset_t copy = *mask; return (int)syscall(SYS_rt_sigsuspend, &copy, 8); }
"""


def fail(text):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {text}")


class Program:
    """A binary made ready for valgrind, in a folder."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.bare, self.wait = folder / "patchbay", folder / "wait.so"
        # Debian's valgrind cannot read what the compiler writes for debuggers; the names of functions are elsewhere.
        subprocess.run(["strip", "--strip-debug", "-o", self.bare, binary], check=True)
        subprocess.run(["clang", "-shared", "-fPIC", "-x", "c", "-o", self.wait, "-"], input=WAIT, text=True, check=True)

    def start(self, arguments, options, log, environment=None):
        with log.open("wb") as output:
            return subprocess.Popen(
                ["valgrind", "--tool=callgrind", *options, self.bare, *arguments], stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, env=os.environ | {"LD_PRELOAD": str(self.wait)} | (environment or {}))

    def symbol(self, pattern):
        """The one function whose mangled name a pattern finds."""
        names = subprocess.run(["nm", self.bare], capture_output=True, text=True, check=True).stdout
        found = {line.split()[-1] for line in names.splitlines() if re.search(pattern, line)}
        if len(found) != 1:
            fail(f"there is not one function like {pattern} but {len(found)}: {' '.join(sorted(found))}")
        return found.pop()


def wait_for(log, phrase, process, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        if found := re.search(phrase, text):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.2)
    fail(f"the server did not print {phrase}:\n{log.read_text(errors='replace')[-2000:]}")


def end(process, seconds=120):
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()


class Cost:
    """How often a function was called, and the instructions from its calls to its returns."""

    def __init__(self):
        self.calls = self.cost = 0


def inclusive(graph, patterns):
    """The cost of the functions that patterns find, in a file of callgrind's that is not compressed."""
    found = {pattern: Cost() for pattern in patterns}
    known, cost, is_cost = {}, None, False
    with graph.open(errors="replace") as lines:
        for line in lines:
            if is_cost:
                if cost:
                    cost.cost += int(line.split()[1])
                is_cost = False
            elif line.startswith("cfn="):
                name = line[4:].strip()
                if name not in known:
                    known[name] = next((found[pattern] for pattern in patterns if re.search(pattern, name)), None)
                cost = known[name]
            elif line.startswith("calls="):
                if cost:
                    cost.calls += int(line[6:].split()[0])
                is_cost = True
    return found
