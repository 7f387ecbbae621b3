"""Calls beside those that are measured: `patchbay replay` holds so many up at the same server, one turn after the other."""

import contextlib
import pathlib
import re
import subprocess
import sys
import time

from gateway import BINARY
from speech import SOUNDS

RAMP, LONGEST = 10, 3600  # seconds


@contextlib.contextmanager
def crowd(gateway, token, calls, agent, folder):
    """Holds so many calls to an agent up meanwhile; none if `calls` is 0."""
    if not calls:
        yield
        return
    file = pathlib.Path(folder) / "crowd.token"
    file.write_text(token)
    process = subprocess.Popen(
        [BINARY, "replay", SOUNDS / "vm-theperson.wav", SOUNDS / "vm-password.wav", "--target", gateway.address,
         "--token", file, "--agent", agent, "--calls", str(calls), "--ramp", str(RAMP), "--duration", str(LONGEST)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(RAMP + 2)
        live = re.findall(r"^patchbay_conversations_live(?:{.*})? (\S+)$", gateway.get("/metrics")[1], re.M)
        print(f"{sum(map(float, live)):.0f} calls beside", file=sys.stderr, flush=True)
        yield
    finally:
        process.terminate()
        process.wait()
