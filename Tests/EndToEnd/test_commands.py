"""The commands for people: tokens, a call, many calls, and the server that needs no configuration."""

import http.server
import json
import os
import pathlib
import threading
import time
import wave

import pytest

from caller import Caller
from conftest import TENANT_A, configuration
from gateway import SLOW, Demo, Gateway, run
from issuer import VOICE_SCHEMA
from speech import SOUNDS, from_wav, likeness, prompt, recorded

SENTENCES = ["tt-monkeysintro", "vm-nobodyavail"]


@pytest.fixture
def token_file(tmp_path, token):
    file = tmp_path / "token"
    file.write_text(token)
    return file


def sounds(*names):
    return [SOUNDS / f"{name}.wav" for name in names]


def audio_options(*names):
    return [option for file in sounds(*names) for option in ("--audio", file)]


# token


@pytest.fixture
def minted(tmp_path):
    """A token that the command made, the document with its key, and what it was made with."""
    keys = tmp_path / "keys.json"
    made = run(
        "token", "mint", "--org", TENANT_A["org"], "--url", TENANT_A["url"], "--audience", "patchbay-tests",
        "--subject", "callAudioData", "--nonce", TENANT_A["nonce"], "--issuer", "https://issuer.example.com/idb",
        "--key", tmp_path / "key.pem", "--keys-out", keys)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip(), keys, tmp_path / "key.pem"


def verify(tmp_path, issuer, token, *more, **identity):
    file = tmp_path / "verify.yaml"
    settings = configuration(issuer)
    settings["identity"] |= identity
    file.write_text(json.dumps(settings))  # JSON is YAML
    return run("token", "verify", "--config", file, *more, token)


def test_mint(minted):
    """A minted token is three segments on a line of their own; its key is the owner's alone."""
    token, keys, key = minted
    assert token.count(".") == 2 and "\n" not in token
    assert key.stat().st_mode & 0o077 == 0, "S6: the private key is its owner's alone"
    assert "PRIVATE" not in keys.read_text() and '"d"' not in keys.read_text()


def test_a_minted_token_opens_the_door(tmp_path, minted):
    """A server that fetches the key set written by `token mint` takes the minted token, and no other for it."""
    token, keys, _ = minted

    class Keys(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(keys.read_bytes())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    class Issuer:
        name = "https://issuer.example.com/idb"
        keys_url = f"http://127.0.0.1:{server.server_address[1]}/keys"

    gateway = Gateway(tmp_path, configuration(Issuer))
    try:
        with gateway.channel() as channel:
            Caller(channel, token, TENANT_A["org"], "demo-wav").start()
    finally:
        gateway.stop()
        server.shutdown()
        server.server_close()


def test_inspect(tmp_path, minted, issuer):
    """`token inspect` shows every claim, from an argument, a file and standard input, and what is wrong."""
    token, *_ = minted
    file = tmp_path / "token"
    file.write_text(token + "\n")
    for given in (run("token", "inspect", token), run("token", "inspect", file),
                  run("token", "inspect", "-", given=token)):
        assert given.returncode == 0, given.stdout
        for value in ("https://issuer.example.com/idb", TENANT_A["org"], TENANT_A["url"], VOICE_SCHEMA, "RS256"):
            assert value in given.stdout
    old = issuer.token(TENANT_A, iat=int(time.time()) - 7200, exp=int(time.time()) - 3600)
    for bad, word in ((old, "exp"), ("a.b", "segments"), (issuer.token(TENANT_A, header={"alg": "none"}), "alg")):
        refused = run("token", "inspect", bad)
        assert refused.returncode == 1 and word in refused.stdout, refused.stdout


def test_verify(tmp_path, minted, issuer):
    """`token verify` says yes to what the server takes and names the reason for the rest; with and without a fetch."""
    token, keys, _ = minted
    good = verify(tmp_path, issuer, token, "--keys", keys)
    assert good.returncode == 0, good.stdout + good.stderr
    fetched = verify(tmp_path, issuer, issuer.token(TENANT_A))
    assert fetched.returncode == 0, fetched.stdout + fetched.stderr
    for bad, word in (
        (issuer.token(TENANT_A, aud="someone-else"), "aud"),
        (issuer.token(TENANT_A, iss="https://other.example.com"), "iss"),
        (issuer.token(TENANT_A, kid="no-such-key"), "kid"),
        (issuer.token(TENANT_A)[:-8] + "AAAAAAAA", "signature"),
        (issuer.token(TENANT_A, **{"com.cisco.org.uuid": "33333333-cccc-4333-8333-333333333333"}), "org"),
    ):
        refused = verify(tmp_path, issuer, bad)
        assert refused.returncode == 1, refused.stdout
        assert word in refused.stdout.lower(), f"{word} in {refused.stdout}"
    assert run("token", "verify", token).returncode == 64, "which server has to be said"


def test_key_sets_that_are_odd_but_sound(tmp_path, minted, issuer):
    """A byte order mark, `"use": null` and another key of the same id that cannot sign RS256: the token is taken."""
    token, keys, _ = minted
    document = json.loads(keys.read_text())
    key = document["keys"][0]
    key["use"] = None
    document["keys"] = [{"kty": "EC", "kid": key["kid"], "crv": "P-256", "x": "AA", "y": "AA"}, key]
    keys.write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode())
    taken = verify(tmp_path, issuer, token, "--keys", keys)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    document["keys"].append(key)
    keys.write_text(json.dumps(document))
    refused = verify(tmp_path, issuer, token, "--keys", keys)
    assert refused.returncode == 1 and "kid" in refused.stderr


# call


@pytest.mark.parametrize("agent", ["demo-wav", "demo-chunk"])
def test_call(tmp_path, gateway, token_file, agent):
    """`call` speaks, presses keys, shows the turns with their times and saves what was heard."""
    heard = tmp_path / "heard.wav"
    made = run(
        "call", "--target", gateway.address, "--token", token_file, "--agent", agent, *audio_options(*SENTENCES),
        "--digits", "12", "--heard", heard, "--json", seconds=90)
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert report["violations"] == [] and report["outcome"] == "hungUp", report
    assert [t["kind"] for t in report["turns"]] == ["greeting", "speech", "speech", "digits"]
    assert all(t["result"] == "answered" for t in report["turns"]), report
    with wave.open(str(heard)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
    saved = from_wav(heard.read_bytes())
    assert likeness(saved, prompt("greeting")) > 0.9
    for name in SENTENCES:
        assert likeness(saved, recorded(name)) > 0.85, f"the caller's own words are heard: {name}"
    assert likeness(saved, prompt("digit-1")) > 0.9 and likeness(saved, prompt("digit-2")) > 0.9
    assert likeness(saved, recorded("pls-hold-while-try")) < 0.5


def test_call_for_a_person(gateway, token_file):
    """Without --json, `call` prints a line for each event, and the end."""
    made = run("call", "--target", gateway.address, "--token", token_file, "--digits", "0", seconds=60)
    assert made.returncode == 0, made.stderr
    assert len(made.stdout.splitlines()) >= 4, made.stdout
    assert "transfer" in made.stdout.lower(), made.stdout
    assert "\x1b" not in made.stdout, "no terminal, no colours"


def test_call_over_tls(tls_gateway, certificates, token_file):
    """`call` over TLS trusts the authority that it is given, and none otherwise."""
    port = tls_gateway.address.rsplit(":", 1)[1]
    options = ("--target", f"localhost:{port}", "--token", token_file, "--digits", "5")
    assert run("call", *options, "--ca", certificates / "server.pem", seconds=60).returncode == 0
    assert run("call", *options, "--tls", "--patience", "5", seconds=60).returncode == 1


def test_call_refused(tmp_path, gateway, issuer, token_file):
    """A call that fails exits 1 and says what to do; a usage error exits 64."""
    bad = tmp_path / "bad"
    bad.write_text(issuer.token(TENANT_A, aud="someone-else"))
    refused = run("call", "--target", gateway.address, "--token", bad)
    assert refused.returncode == 1 and "token" in refused.stderr
    unknown = run("call", "--target", gateway.address, "--token", token_file, "--agent", "nobody")
    assert unknown.returncode == 1 and "nobody" in unknown.stderr
    nobody = run("call", "--target", "127.0.0.1:9", "--token", token_file, "--patience", "5")
    assert nobody.returncode == 1 and "127.0.0.1:9" in nobody.stderr
    assert run("call", "--digits", "12x").returncode == 64
    missing = run("call", "--target", gateway.address, "--token", token_file, "--audio", "/no/such.wav")
    assert missing.returncode == 1 and "/no/such.wav" in missing.stderr


# replay


@pytest.mark.parametrize("agent", ["demo-wav", "demo-chunk"])
def test_replay(tmp_path, gateway, token_file, agent):
    """`replay` makes calls at once from recordings, counts what came back, and reports times and errors."""
    folder = tmp_path / "report"
    made = run(
        "replay", *sounds(*SENTENCES), "--calls", "10", "--ramp", "1", "--target", gateway.address, "--token",
        token_file, "--agent", agent, "--report", folder, "--json", seconds=100)
    assert made.returncode == 0, made.stderr + made.stdout
    report = json.loads(made.stdout.splitlines()[-1])
    assert report["calls"] == 10 and report["errors"] == {} and report["violations"] == {}, report
    assert report["turns"] == 20 and report["outcomes"] == {"hungUp": 10}, report
    assert report["greeting"]["count"] == 10 and report["turnLatency"]["count"] == 20
    if not SLOW:
        assert 600 < report["endDelay"]["p50"] < 850, report["endDelay"]
    assert json.loads((folder / "summary.json").read_text())["turns"] == 20
    assert "<html" in (folder / "index.html").read_text().lower()


def test_replay_with_errors(gateway, tmp_path, issuer):
    """Errors are counted by status, and the exit code tells."""
    bad = tmp_path / "bad"
    bad.write_text(issuer.token(TENANT_A, aud="someone-else"))
    options = ("replay", *sounds(SENTENCES[0]), "--calls", "5", "--target", gateway.address, "--token", bad, "--json")
    failed = run(*options)
    assert failed.returncode == 1
    assert json.loads(failed.stdout.splitlines()[-1])["errors"] == {"UNAUTHENTICATED": 5}, failed.stdout
    assert run(*options, "--allow-errors", "5").returncode == 0


# serve without a configuration


def test_the_embedded_demo(tmp_path):
    """`serve` without a file: loopback only, a token in a file of its owner's alone, and a call needs no options."""
    home = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    heard = tmp_path / "heard.wav"
    demo = Demo(tmp_path, home | {"PATCHBAY_LISTEN_ADDRESS": "127.0.0.1:0", "PATCHBAY_ADMIN_ADDRESS": "127.0.0.1:0"})
    try:
        file = pathlib.Path(demo.printed("demo token in"))
        assert file.is_relative_to(tmp_path) and file.stat().st_mode & 0o077 == 0
        assert file.read_text().strip() not in demo.log
        assert run("token", "inspect", environment=home).returncode == 0
        made = run("call", "--target", demo.address, *audio_options(SENTENCES[0]), "--digits", "12#", "--heard", heard,
                   environment=home, seconds=60)
        assert made.returncode == 0, made.stderr
        saved = from_wav(heard.read_bytes())
        assert likeness(saved, prompt("greeting")) > 0.9 and likeness(saved, recorded(SENTENCES[0])) > 0.85
        stranger = run("call", "--target", demo.address, environment={"PATCHBAY_TOKEN": "a.b.c"} | home)
        assert stranger.returncode == 1 and "token" in stranger.stderr
    finally:
        demo.stop()


def test_version():
    """Every command says its version and its usage."""
    assert run("--version").returncode == 0
    for command in ("serve", "call", "replay", "token", "config", "speech"):
        told = run(command, "--help")
        assert told.returncode == 0 and "USAGE" in told.stdout
    assert run("no-such-command").returncode == 64
