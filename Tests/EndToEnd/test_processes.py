"""Several processes of one server on one port: a call whose RPCs reach all of them is one call."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import time

import grpc

import bots
from caller import Caller
from cluster import SpreadCaller, logged, metric
from conftest import TENANT_A, agent
from schemas import SESSION_START
from speech import likeness, recorded

FIRST = "tt-monkeysintro"
ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTEN = {"address": "127.0.0.1:0", "processes": 3}


def spread(gateway, token, agent="demo-wav", connections=12, **more):
    """A caller each of whose RPCs comes by the next of its connections. The kernel gives each connection to some process."""
    return SpreadCaller([gateway] * connections, token, agent, **more)


def children(gateway):
    """The process ids, by the processes' numbers."""
    found = {}
    task = f"/proc/{gateway.process.pid}/task"
    for thread in os.listdir(task):
        with open(f"{task}/{thread}/children") as file:
            for child in file.read().split():
                with open(f"/proc/{child}/cmdline", "rb") as words:
                    line = words.read().split(b"\0")
                if b"--process" in line:
                    found[int(line[line.index(b"--process") + 1])] = int(child)
    return found


def owner(gateway, caller):
    """The number of the process that has a call."""
    starts = [line for line in logged(gateway, "conversation started") if line["conversation"] == caller.conversation]
    return int(starts[-1]["process"])


def pressed(caller, key):
    """The bot's answer to a key; nothing where an RPC fails, as it does on a connection that was cut."""
    try:
        return caller.press(key).text
    except AssertionError:
        return None


def test_calls_over_all_processes(own_gateway, token):
    """Greeting, keys, speech and the hang-up by twelve connections: one conversation each, and every RPC is answered."""
    gateway = own_gateway(listen=LISTEN)
    assert set(children(gateway)) == {0, 1, 2}
    callers = [spread(gateway, token) for _ in range(4)]
    for caller in callers:
        assert caller.start().audio.seconds > 0.5
        for _ in range(6):
            assert caller.press("4").audio.seconds > 0.1
    spoken = recorded(FIRST)
    assert likeness(callers[0].speak(spoken).audio, spoken) > 0.9
    for caller in callers:
        caller.hang_up()
    gateway.until(lambda: metric(gateway, "patchbay_conversations_live") == 0
                  and len(logged(gateway, "conversation ended")) == 4, "has no call any more")
    starts = logged(gateway, "conversation started")
    assert len(starts) == 4 and {start["resumed"] for start in starts} == {"false"}
    assert [end["reason"] for end in logged(gateway, "conversation ended")] == ["hangup"] * 4
    gateway.until(lambda: metric(gateway, "patchbay_relayed_rpcs_total", direction="out")
                  == metric(gateway, "patchbay_relayed_rpcs_total", direction="in") >= 4, "counts what was handed on")
    assert metric(gateway, "patchbay_processes_ready") == 3
    said = gateway.get("/metrics")[1]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]*\| (.*) Only with `listen\.processes`\. \|$",
                      (ROOT / "Docs/metrics.md").read_text(), re.M)
    assert len(rows) == 3
    for name, kind, meaning in rows:
        assert f"# TYPE {name} {kind}\n" in said and f"# HELP {name} {meaning}\n" in said
    for caller in callers:
        caller.close()
    gateway.stop()
    assert gateway.process.returncode == 0 and len(logged(gateway, "a process has ended")) == 3


def test_a_process_that_dies(own_gateway, token):
    """Its calls go on at another, with their bots told so; the calls of the others notice nothing; it is started again."""
    with bots.Bot(bots.echo) as bot:
        gateway = own_gateway(listen=LISTEN, agents=[agent("bot", "wav", bot.engine, default=True)])
        callers = [spread(gateway, token, "bot") for _ in range(8)]
        for caller in callers:
            caller.start()
            assert caller.press("4").text == "1 digits"
        before = children(gateway)
        victim = owner(gateway, callers[0])
        os.kill(before[victim], signal.SIGKILL)
        # Its connections are cut; a client connects again.
        for caller in callers:
            gateway.until(lambda caller=caller: pressed(caller, "5") == "1 digits", "goes on with a call")
        gateway.until(lambda: metric(gateway, "patchbay_processes_ready") == 3, "has all processes again")
        after = children(gateway)
        assert {n: pid for n, pid in after.items() if n != victim} == {n: p for n, p in before.items() if n != victim}
        assert after[victim] != before[victim] and metric(gateway, "patchbay_process_restarts_total") == 1
        assert [line["process"] for line in logged(gateway, "a process has died and is started again")] == [f"{victim}"]
        for caller in callers:
            starts = [s for s in logged(gateway, "conversation started") if s["conversation"] == caller.conversation]
            assert len(starts) == (2 if int(starts[0]["process"]) == victim else 1)
        for caller in callers:
            caller.hang_up()
            caller.close()


def three_free_ports():
    while True:
        with contextlib.suppress(OSError, OverflowError), contextlib.ExitStack() as probes:
            first = 0
            for number in range(3):
                probe = probes.enter_context(socket.socket())
                probe.bind(("127.0.0.1", first + number if number else 0))
                first = first or probe.getsockname()[1]
            return first


def test_a_port_for_each_process(own_gateway, token):
    """With ports of their own an edge addresses each process, and nothing is handed on."""
    first = three_free_ports()
    gateway = own_gateway(listen=LISTEN | {"process_ports": first})
    for number in range(3):
        channel = grpc.insecure_channel(f"127.0.0.1:{first + number}", [("grpc.use_local_subchannel_pool", 1)])
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        caller.press("4")
        assert owner(gateway, caller) == number
        caller.hang_up()
        channel.close()
    assert metric(gateway, "patchbay_relayed_rpcs_total", direction="out") == 0


def test_what_the_operator_asks(own_gateway, token):
    """SIGHUP reaches all; a drain waits for the calls, whichever processes their RPCs come by."""
    gateway = own_gateway(listen=LISTEN, shutdown={"drain": "30s", "grace": "0s"})
    gateway.signal(signal.SIGHUP)
    gateway.until(lambda: {line["process"] for line in logged(gateway, "the configuration was read again: nothing has changed")}
                  == {"0", "1", "2"}, "reads its configuration again in all processes")
    caller = spread(gateway, token)
    caller.start()
    gateway.signal(signal.SIGTERM)
    gateway.until(lambda: gateway.get("/readyz")[0] == 503, "is not ready any more")
    for _ in range(6):
        assert caller.press("4").audio.seconds > 0.1
    caller.hang_up()
    assert gateway.process.wait(20) == 0
    caller.close()


def test_what_is_one_for_all(own_gateway, token, tmp_path):
    """A tenant's limit, a revocation, and the dashboard: calls of all processes, each with its timeline."""
    admin = tmp_path / "admin.token"
    admin.write_text("0123456789abcdef0123456789abcdef\n")
    admin.chmod(0o600)
    secret = {"headers": {"Authorization": f"Bearer {admin.read_text().strip()}"}}
    gateway = own_gateway(listen=LISTEN, admin={"address": "127.0.0.1:0", "token_file": str(admin)},
                          limits={"conversations_per_tenant": 12})
    callers, refused = [], 0
    for _ in range(12 + 6):
        caller = Caller(gateway.channel(), token, TENANT_A["org"], "demo-wav")
        line = caller.event(SESSION_START)
        assert line.done.wait(10)
        if line.code is grpc.StatusCode.OK:
            callers.append(caller)
        else:
            assert line.code is grpc.StatusCode.RESOURCE_EXHAUSTED
            refused += 1
        time.sleep(0.25)
    assert len(callers) <= 13 and len(callers) + refused == 18 and len(callers) >= 8

    def status():
        code, body = gateway.get("/status", **secret)
        return json.loads(body) if code == 200 else {}

    assert gateway.get("/status")[0] == 401
    shown = gateway.until(lambda: (now := status()).get("liveCalls") == len(callers) and now, "shows the calls of all")
    assert {call["conversation"] for call in shown["calls"]} == {caller.conversation for caller in callers}
    assert [server["state"] for server in shown["cluster"]["servers"]] == ["ready"] * 3
    for call in shown["calls"][:3]:
        details = json.loads(gateway.get(f"/status/calls/{call['id']}", **secret)[1])
        assert (details["call"]["conversation"], details["call"]["id"]) == (call["conversation"], call["id"])
    found = json.loads(gateway.get(f"/status/find/{callers[0].conversation}", **secret)[1])
    assert [call["conversation"] for call in found["calls"]] == [callers[0].conversation]
    revoked = json.dumps({"org": TENANT_A["org"], "nonce": TENANT_A["nonce"]})
    assert gateway.ask("POST", "/revocations", body=revoked)[0] == 401
    assert gateway.ask("POST", "/revocations", body=revoked, **secret)[0] == 200
    for _ in range(6):
        line = Caller(gateway.channel(), token, TENANT_A["org"], "demo-wav").event(SESSION_START)
        assert line.done.wait(10) and line.code is grpc.StatusCode.UNAUTHENTICATED
