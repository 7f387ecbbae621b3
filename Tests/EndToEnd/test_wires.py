"""Calls over both wires at once, half of them over each (`patchbay replay`), and foreign callers among them who lose nothing.
Scripts/wires-test has more of them."""

import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from caller import Caller
from conftest import TENANT_A, configuration
from gateway import BINARY, SURROUNDINGS
from schemas import SESSION_START
from socket_caller import SOCKET_SCHEMA, SocketCaller
from speech import SOUNDS, likeness, recorded

CALLS = int(os.environ.get("WIRES_CALLS", 8))  # over each wire
FOREIGN = int(os.environ.get("WIRES_FOREIGN", 2))  # the same
SECONDS = int(os.environ.get("WIRES_SECONDS", 10))  # after the last call has begun
RAMP = max(1, CALLS // 25)
SENTENCE = "queue-youarenext"
ORIGIN = TENANT_A | {"url": "wss://voice.alpha.example.com"}


def replay(target, token, folder):
    with (folder / "replay.json").open("wb") as said:
        return subprocess.Popen(
            [BINARY, "replay", SOUNDS / f"{SENTENCE}.wav", "--target", target, "--token-file", token, "--agent",
             "demo-chunk", "--calls", str(CALLS), "--ramp", str(RAMP), "--duration", str(SECONDS), "--json"],
            stdout=said, stderr=subprocess.STDOUT, env=SURROUNDINGS)


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.timeout(RAMP + SECONDS + 150)
def test_both_wires_at_once_share_the_limits(own_gateway, issuer, tmp_path):
    """All calls that the limit allows are up, and one more is refused on either wire; nobody loses anything."""
    settings = configuration(issuer)["identity"]
    settings["tenants"].append(settings["tenants"][0] | {"url": ORIGIN["url"]})
    limit = 2 * (CALLS + FOREIGN)
    server = own_gateway(
        identity=settings, websocket={"address": "127.0.0.1:0"}, logging={"level": "warning", "format": "json"},
        # A busy machine is no reason to refuse calls here: how late callers were heard is in what is printed.
        limits={"conversations": limit, "conversations_per_tenant": limit, "lag": "10s"})
    address = server.printed("websocket on")
    tokens = {"grpc": issuer.token(TENANT_A),
              "websocket": issuer.token(ORIGIN, **{"com.cisco.datasource.schema.uuid": SOCKET_SCHEMA})}
    loads, idle = {}, server.memory()
    for wire, target in [("grpc", server.address), ("websocket", f"ws://{address}")]:
        folder = tmp_path / wire
        folder.mkdir()
        (folder / "token").write_text(tokens[wire])
        (folder / "token").chmod(0o600)
        loads[wire] = replay(target, folder / "token", folder)

    def live():
        return int(re.search(r"^patchbay_conversations_live (\d+)", server.get("/metrics")[1], re.MULTILINE)[1])

    server.until(lambda: live() >= 2 * CALLS, "has all calls", RAMP + 30)
    before, began = cpu_seconds(server.process), time.monotonic()
    spoken = recorded(SENTENCE)

    def socket_caller(_):
        return SocketCaller(address, tokens["websocket"], TENANT_A["org"], "demo-chunk")

    def grpc_caller(_):
        return Caller(server.channel(), tokens["grpc"], TENANT_A["org"], "demo-chunk", "chunk")

    def over_socket(caller):
        caller.listen()
        mark = caller.mark()
        caller.say(spoken)
        heard = caller.answer(mark).audio
        caller.event("SESSION_END")
        return likeness(heard, spoken), caller.closed()

    def over_grpc(caller):
        heard = caller.speak(spoken, frames=itertools.repeat(800)).audio
        caller.hang_up()
        return likeness(heard, spoken), 1000

    with concurrent.futures.ThreadPoolExecutor(2 * FOREIGN) as pool:
        callers = [*pool.map(socket_caller, range(FOREIGN)), *pool.map(grpc_caller, range(FOREIGN))]
        list(pool.map(lambda caller: caller.start(), callers))
        assert live() == limit
        refused = grpc_caller(0).event(SESSION_START)
        assert refused.done.wait(10) and refused.code.name == "RESOURCE_EXHAUSTED"
        refused = socket_caller(0)
        refused.event("SESSION_START")
        assert refused.closed() == 1013 and refused.error == ("rate_limit", 429)
        results = list(pool.map(lambda caller: (
            over_socket if isinstance(caller, SocketCaller) else over_grpc)(caller), callers))
    for caller in [refused, *callers]:
        caller.__exit__() if isinstance(caller, SocketCaller) else caller.channel.close()
    assert all(code == 1000 for _, code in results)
    assert min(alike for alike, _ in results) > 0.9, results
    memory = server.memory()
    cores = (cpu_seconds(server.process) - before) / (time.monotonic() - began)

    print(f"\n{CALLS} calls over each wire and {FOREIGN} foreign callers on each, all at once: {limit}, which is the limit")
    print(f"foreign callers heard their own words again, the worst {min(alike for alike, _ in results):.3f} alike")
    for wire, load in loads.items():
        assert load.wait(SECONDS + 60) == 0, (tmp_path / wire / "replay.json").read_text()
        report = json.loads((tmp_path / wire / "replay.json").read_text().strip().splitlines()[-1])
        assert report["errors"] == {} and report["violations"] == {} and report["turns"] >= CALLS, report
        turn, late = report["turnLatency"], report["lateFrames"] / report["framesSent"]
        print(f"{wire:>9}: {report['calls']} calls, {report['turns']} turns, {report['framesSent']} frames, no error, no "
              f"violation; a turn {turn['p50']:.0f} ms (p50), {turn['p99']:.0f} (p99); {late:.2%} frames left late")
    print(f"with all of them up the server used {cores:.0%} of a core, and {(memory - idle) / limit / 1024:.0f} KB a call")
    server.until(lambda: live() == 0, "has no calls any more")
