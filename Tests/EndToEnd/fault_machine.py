"""What the machine kept from the fault suite: how long the server, and this process with its callers, stood in line for a
processor. Bounds in time are for a server that is let run; what is said and in which order is judged whatever the machine does.
"""

import contextlib
import os
import pathlib
import threading
import time

EVERY = 0.25  # s between two looks


def waited(process):
    """For how long the threads of a process have stood in line so far, together: seconds."""
    total = 0
    for thread in pathlib.Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError, IndexError, ValueError):
            total += int((thread / "schedstat").read_text().split()[1])
    return total / 1e9


class Machine:
    """Looks at these processes until it is stopped."""

    def __init__(self, *processes):
        self.looks = [(time.monotonic(), 0.0)]  # when, and the time that was kept from them until then
        self.processes = [os.getpid(), *processes]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def stop(self):
        self.over.set()
        self.thread.join()

    def _look(self):
        before = dict.fromkeys(self.processes)
        while not self.over.wait(EVERY):
            kept = 0.0
            for process in self.processes:
                now = None
                with contextlib.suppress(OSError):
                    now = waited(process)
                if now is not None and before[process] is not None:
                    kept += max(0.0, now - before[process])
                before[process] = now
            self.looked(time.monotonic(), kept)

    def looked(self, now, kept):
        """Since the last look the processes stood in line for so long; no more can have been kept than went by."""
        then, total = self.looks[-1]
        self.looks.append((now, total + min(kept, now - then)))

    def kept(self, begin, end):
        """How many of the seconds between two moments the machine kept from the processes."""
        total, looks = 0.0, self.looks[::-1]
        for (then, before), (now, after) in zip(looks[1:], looks):
            if now <= begin:
                break
            if then < end:
                total += (after - before) * (min(now, end) - max(then, begin)) / (now - then)
        return total
