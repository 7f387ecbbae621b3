"""`patchbay bot test`: the suite that every engine passes, and what it says of bots that do not."""

import yaml

import bots
import conftest
from conformance import conforming, conforms, findings
from conftest import SCRIPTS, TENANT_A, agent
from gateway import Gateway, run
from speech import SOUNDS


def test_demo_conforms():
    found = conforms({"kind": "demo"}, "--long-answer", SOUNDS / "tt-monkeysintro.wav", without=("sensitive", "bot closes"))
    assert found["barge-in"]["figures"]["old_audio_ms"] <= 200


def test_grpc_and_byova_conform(tmp_path, issuer):
    """A bot in another language, directly and through another server of the voice virtual agent interface."""
    with bots.Bot(conforming) as bot:
        behind = Gateway(tmp_path, conftest.configuration(issuer, agents=[agent("bot", "chunk", bot.engine)]))
        try:
            (tmp_path / "token").write_text(issuer.token(TENANT_A))
            (tmp_path / "token").chmod(0o600)
            engine = {"kind": "byova", "url": f"http://{behind.address}", "agent": "bot",
                      "authorization_file": str(tmp_path / "token")}
            found = conforms(engine, "--org", TENANT_A["org"])
            direct = conforms(bot.engine)
        finally:
            behind.stop()
    assert found["barge-in"]["figures"]["old_audio_ms"] <= 200
    assert direct["barge-in"]["figures"]["old_audio_ms"] <= 200
    assert found["bot closes"]["figures"]["handover_ms"] <= 10_000


def test_what_is_wrong_is_told():
    """A bot that never speaks, and one that is not there: what was expected, what was seen, what to change."""
    with bots.Bot(bots.hang) as bot:
        silent = findings(bot.engine, "--only", "greeting", "--only", "caller hangs up")
    assert silent["greeting"]["verdict"] == "failed"
    assert "said nothing" in silent["greeting"]["seen"] and "`started`" in silent["greeting"]["advice"]
    gone = findings({"kind": "grpc", "url": f"http://127.0.0.1:{bots.closed_port()}"}, "--only", "greeting")
    assert gone["greeting"]["verdict"] == "failed" and "refuses the connection" in gone["greeting"]["seen"].lower()


def test_an_agent_of_a_configuration(tmp_path):
    """The agent is tested as it is configured; a person reads the result line by line."""
    file = tmp_path / "patchbay.yaml"
    engine = {"kind": "scripted", "script": str(SCRIPTS / "menu.yaml")}
    file.write_text(yaml.safe_dump({
        "listen": {"address": "127.0.0.1:0", "plaintext": True},
        "agents": [{"id": "demo", "engine": {"kind": "demo"}}, {"id": "menu", "responses": "chunk", "engine": engine}]}))
    result = run(
        "bot", "test", "--config", file, "--agent", "menu", "--transfer", "3", "--end", "event:closed",
        "--sensitive", "2", "--calls", "10", seconds=120)
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("greeting         passed  answered after")
    assert lines[-1].startswith("10 passed, 0 failed, 1 not applicable"), result.stdout


def test_usage():
    assert run("bot", "test").returncode == 64
    assert run("bot", "test", "--engine", "{kind: demo}", "--only", "singing").returncode == 64
    nothing = run("bot", "test", "--engine", "{kind: demo}", "--only", "transfer")
    assert nothing.returncode == 1 and "No check could be made" in nothing.stderr, "nothing done is no success"
    wrong = run("bot", "test", "--engine", "{kind: nonsense}")
    assert wrong.returncode == 78 and "nonsense" in wrong.stderr
