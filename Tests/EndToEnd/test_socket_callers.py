"""`patchbay call` and `replay` over WebSocket: at our own server, and at one that has nothing of ours."""

import json

import pytest
from cryptography.hazmat.primitives import serialization

from conftest import TENANT_A, configuration
from foreign_socket import ForeignServer
from gateway import Gateway, run
from socket_caller import SOCKET_SCHEMA
from speech import SOUNDS, from_wav, likeness, prompt, recorded

SENTENCES = ["tt-monkeysintro", "vm-nobodyavail"]
ORIGIN = TENANT_A | {"url": "wss://localhost"}


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer, certificates):
    settings = configuration(issuer)
    entry = dict(settings["identity"]["tenants"][0])
    settings["identity"]["tenants"].append(entry | {"url": ORIGIN["url"]})
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    gateway = Gateway(tmp_path_factory.mktemp("callers"),
                      settings | {"websocket": {"address": "127.0.0.1:0", "tls": tls}})
    gateway.url = "wss://localhost:" + gateway.printed("websocket on").rsplit(":", 1)[1]
    yield gateway
    gateway.stop()


@pytest.fixture
def token_file(tmp_path, issuer):
    file = tmp_path / "token"
    file.write_text(issuer.token(ORIGIN, **{"com.cisco.datasource.schema.uuid": SOCKET_SCHEMA}))
    return file


@pytest.fixture
def foreign():
    server = ForeignServer("a.b.c")
    yield server
    server.close()


def sounds(*names):
    return [SOUNDS / f"{name}.wav" for name in names]


def test_a_call_to_our_own_server(tmp_path, server, token_file, certificates):
    """The same as over gRPC, with its exit code and its report: greeting, a spoken turn, an event, keys, a hang-up."""
    heard = tmp_path / "heard.wav"
    made = run("call", "--target", server.url, "--ca", certificates / "server.pem", "--token", token_file, "--agent",
               "demo-wav", "--audio", sounds(SENTENCES[0])[0], "--event", "hello", "--digits", "12#", "--heard", heard,
               "--json", seconds=90)
    assert made.returncode == 0, made.stderr + made.stdout
    report = json.loads(made.stdout)
    assert report["outcome"] == "hungUp" and not report["violations"], report
    assert [turn["result"] for turn in report["turns"]] == ["answered"] * 4, report
    saved = from_wav(heard.read_bytes())
    assert likeness(saved, prompt("greeting")) > 0.9
    assert likeness(saved, recorded(SENTENCES[0])) > 0.85, "the caller's own words are heard"
    # Interrupting, with the largest messages there are; then a transfer.
    barged = run("call", "--target", f"{server.url}/v1/va", "--ca", certificates / "server.pem", "--token", token_file,
                 "--agent", "demo-chunk", "--barge-in", "300", "--chunk", "3200", "--audio", sounds(SENTENCES[0])[0],
                 "--digits", "0", "--json", seconds=90)
    report = json.loads(barged.stdout)
    assert barged.returncode == 0 and report["outcome"] == "transferred", barged.stderr + barged.stdout
    assert not report["violations"], report
    server.until(lambda: "patchbay_conversations_live 0" in server.get("/metrics")[1], "has no calls any more")


def test_many_calls(server, token_file, certificates):
    made = run("replay", *sounds(*SENTENCES), "--calls", "8", "--target", server.url, "--ca",
               certificates / "server.pem", "--token", token_file, "--agent", "demo-chunk", "--json", seconds=100)
    assert made.returncode == 0, made.stderr + made.stdout
    report = json.loads(made.stdout.splitlines()[-1])
    assert (report["turns"], report["errors"], report["outcomes"]) == (16, {}, {"hungUp": 8}), report
    assert report["violations"] == {} and report["framesUnsent"] == 0 and report["connect"]["count"] == 8, report


def test_what_keeps_a_call_from_its_server(tmp_path, server, issuer, token_file, certificates):
    """Each has its sentence, as over gRPC."""
    trusting = ("--ca", certificates / "server.pem")

    def refused(*arguments, token=token_file):
        ended = run("call", "--patience", "5", "--token", token, *arguments)
        assert ended.returncode == 1, ended.stdout
        return ended.stderr

    other = tmp_path / "other"
    other.write_text(issuer.token(TENANT_A))
    assert "does not accept the token" in refused("--target", server.url, *trusting, token=other)
    assert "no agent 'nobody'" in refused("--target", server.url, *trusting, "--agent", "nobody")
    assert "is not trusted" in refused("--target", server.url)
    assert "Nothing listens" in refused("--target", "ws://127.0.0.1:9")
    assert "Say wss://" in refused("--target", server.url.replace("wss", "ws"))
    assert "Say wss://" in refused("--target", f"ws://{server.address}"), "the gRPC port"
    for wrong in (["wss://"], ["wss://localhost/other"], [server.url, "--chunk", "100"], ["ws://localhost:1", "--tls"],
                  ["localhost:1", "--chunk", "800"]):
        assert run("call", "--token", token_file, "--target", *wrong).returncode == 64, wrong


def test_a_server_that_is_not_ours(tmp_path, foreign):
    """The caller is what a server of others expects: fields, order, sizes of audio, and how it closes."""
    token = tmp_path / "token"
    token.write_text("a.b.c")
    options = ("--target", foreign.url, "--token", token, "--org", TENANT_A["org"])
    made = run("call", *options, "--audio", sounds(SENTENCES[0])[0], "--digits", "0", "--json", seconds=60)
    assert made.returncode == 0, made.stderr + made.stdout
    report = json.loads(made.stdout)
    assert report["outcome"] == "transferred" and not report["violations"], report
    assert foreign.first[0]["event_type"] == "SESSION_START" and foreign.first[0]["parameters"] == []
    assert set(foreign.chunks) == {800}, "100 ms in a message"
    many = run("replay", *sounds(SENTENCES[0]), "--calls", "3", *options, "--chunk", "320", "--json", seconds=60)
    assert many.returncode == 0, many.stderr + many.stdout
    assert json.loads(many.stdout.splitlines()[-1])["turns"] == 3
    assert 320 in foreign.chunks and foreign.calls == 4 and set(foreign.ends) <= {1000}, foreign.ends
    token.write_text("d.e.f")
    assert run("call", *options).returncode == 1


def test_conformance(tmp_path, server, issuer, token_file, certificates):
    """Our own server keeps the rules on this wire too, and what is of gRPC alone is skipped."""
    key = tmp_path / "key"
    key.write_bytes(issuer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    key.chmod(0o600)
    judged = run(
        "conformance", "--target", server.url, "--ca", certificates / "server.pem", "--token", token_file, "--key", key,
        "--agent", "demo-chunk", "--transfer", "0", "--end", "9", "--calls", 16, "--json", seconds=110)
    findings = {f["rule"]["id"]: f for f in json.loads(judged.stdout)["findings"]}
    assert judged.returncode == 0, {name: f for name, f in findings.items() if f["verdict"] == "failed"}
    passed = {name for name, f in findings.items() if f["verdict"] == "passed"}
    assert passed >= {"greeting.answered", "turn.start", "turn.end", "turn.answered", "dtmf.answered",
                      "no-input.answered", "event.answered", "transfer.event", "end.event", "hang-up.completes",
                      "chunk.size", "barge-in.old-audio", "token.missing", "token.forged", "token.expired", "token.url",
                      "token.schema", "token.organization"}, passed
    assert passed >= {name for name in findings if name.startswith("socket.")}, findings
    assert findings["cancel.survived"]["verdict"] == "skipped"


def test_a_server_with_an_issuer_of_its_own(tmp_path):
    """Its callers find the token of the WebSocket port as they find the other."""
    home = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    server = Gateway(tmp_path, {
        "listen": {"address": "127.0.0.1:0"}, "admin": {"address": "127.0.0.1:0"}, "identity": {"development": True},
        "websocket": {"address": "127.0.0.1:0"}, "agents": [{"id": "demo", "engine": {"kind": "demo"}}]},
        environment=home)
    try:
        url = f"ws://{server.printed('websocket on')}"
        made = run("call", "--target", url, "--digits", "7#", environment=home, seconds=60)
        assert made.returncode == 0, made.stderr + made.stdout
        lost = run("call", "--target", "ws://127.0.0.1:9", environment=home)
        assert lost.returncode == 1 and f"say --target {url}" in lost.stderr, lost.stderr
    finally:
        server.stop()
