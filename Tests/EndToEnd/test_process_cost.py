"""What a second process costs: CPU for a frame, one process against two at the same load, and how many RPCs are relayed where
nothing keeps a call on its process. PROCESSES_CALLS=100 Tests/EndToEnd/run test_process_cost.py -s"""

import json
import os
import pathlib
import random
import subprocess
import time

import pytest

from cluster import SpreadCaller, metric
from edge import free_port
from gateway import BINARY, SURROUNDINGS
from speech import SOUNDS

CALLS = int(os.environ.get("PROCESSES_CALLS", 0))
SECONDS = 20
pytestmark = pytest.mark.skipif(not CALLS, reason="measures: PROCESSES_CALLS=100")


def family(process):
    """A supervisor and its processes, or a server alone."""
    threads = pathlib.Path(f"/proc/{process.pid}/task").glob("*/children")
    return [process.pid, *(int(child) for thread in threads for child in thread.read_text().split())]


def cpu_seconds(pids):
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def busy(server, targets, token, calls):
    """CPU in microseconds for each 20 ms of a call, while calls in real time are up, evenly over these addresses."""
    loads = [subprocess.Popen(
        [BINARY, "replay", SOUNDS / "queue-youarenext.wav", "--target", target, "--token-file", token, "--agent", "demo-chunk",
         "--calls", str(calls // len(targets)), "--ramp", "4", "--duration", str(SECONDS + 6), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=SURROUNDINGS) for target in targets]
    time.sleep(7)
    pids, live, began = family(server.process), [], time.monotonic()
    before = cpu_seconds(pids)
    while time.monotonic() < began + SECONDS:
        time.sleep(1)
        live.append(metric(server, "patchbay_conversations_live"))
    used, took = cpu_seconds(pids) - before, time.monotonic() - began
    for load in loads:
        said = load.communicate(timeout=90)[0]
        report = json.loads(said.strip().splitlines()[-1])
        assert report["errors"] == {} and report["violations"] == {}, report
    return used / (took * sum(live) / len(live) * 50) * 1e6


@pytest.mark.timeout(600)
def test_two_processes_against_one(own_gateway, tmp_path, token):
    file = tmp_path / "token"
    file.write_text(token)
    file.chmod(0o600)
    limits = {"lag": "10s"}
    one = own_gateway(limits=limits)
    first = free_port() // 2 * 2
    two = own_gateway(limits=limits, listen={"address": "127.0.0.1:0", "processes": 2, "process_ports": first})
    ports = [f"127.0.0.1:{first + n}" for n in range(2)]
    for _ in range(int(os.environ.get("PROCESSES_ROUNDS", 2))):
        figures = {
            "one": busy(one, [one.address], file, CALLS), "two": busy(two, ports, file, CALLS),
            "one, half the calls": busy(one, [one.address], file, CALLS // 2)}
        print(f"{CALLS} calls, µs a frame: " + "; ".join(f"{name} {value:.1f}" for name, value in figures.items())
              + f"; two against one {figures['two'] / figures['one']:.2f}, against one with half of them "
              + f"{figures['two'] / figures['one, half the calls']:.2f}", flush=True)
    assert metric(two, "patchbay_relayed_rpcs_total", direction="out") == 0


@pytest.mark.parametrize("connections", [4, 64])
def test_what_is_relayed(own_gateway, token, connections):
    """Each RPC on any of so many connections to the one port of four processes."""
    server = own_gateway(listen={"address": "127.0.0.1:0", "processes": 4})
    channels = [server.channel() for _ in range(connections)]
    entries = 6
    for _ in range(40):
        caller = SpreadCaller([server], token)
        caller.channels = [random.choice(channels) for _ in range(16)]
        caller.start()
        for _ in range(entries):
            caller.press("4")
        caller.hang_up()
    all_rpcs = 40 * (2 + 2 * entries)

    def relayed():
        return metric(server, "patchbay_relayed_rpcs_total", direction="out")

    time.sleep(1.5)
    print(f"four processes, {connections} connections: {relayed()} of {all_rpcs} RPCs relayed, {relayed() / all_rpcs:.0%}")
    assert 0 < relayed() < all_rpcs
    for channel in channels:
        channel.close()
