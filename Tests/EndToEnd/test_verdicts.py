"""What the commands say when something did not go as meant: an exit status, what was expected and came, and what to do."""

import json
import pathlib
import time

import pytest

import bots
from caller import Caller
from conftest import TENANT_A, agent, configuration
from gateway import SLOW, Demo, Gateway, run
from speech import SOUNDS

SENTENCE = SOUNDS / "vm-theperson.wav"
FREE = {"PATCHBAY_LISTEN_ADDRESS": "127.0.0.1:0", "PATCHBAY_ADMIN_ADDRESS": "127.0.0.1:0"}


@pytest.fixture
def token_file(tmp_path, token):
    file = tmp_path / "token"
    file.write_text(token)
    return file


@pytest.fixture
def bad_token(tmp_path, issuer):
    file = tmp_path / "bad"
    file.write_text(issuer.token(TENANT_A, aud="someone-else"))
    return file


# Tokens of servers side by side


def test_demos_side_by_side(tmp_path):
    """Each of two demos of one user is called with its own token; what a dead one left is not used, and what a good one
    left goes with it."""
    home = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    demos = [Demo(folder, home | FREE) for folder in folders]
    files = [demo.printed("demo token in") for demo in demos]
    try:
        assert len(set(files)) == 2
        for demo, file in zip(demos, files):
            assert file.endswith("-" + demo.address.rsplit(":", 1)[1]), "named by its port"
            made = run("call", "--target", demo.address, "--digits", "5", environment=home, seconds=60)
            assert made.returncode == 0, made.stderr
        both = run("token", "inspect", environment=home)
        assert both.returncode == 1 and all(file in both.stderr for file in files)
        demos[0].process.kill()
        demos[0].process.wait()
        left = run("call", "--target", demos[0].address, environment=home)
        assert left.returncode == 1 and f"--target {demos[1].address}" in left.stderr, left.stderr
        far = run("call", "--target", "192.0.2.1:" + demos[1].address.rsplit(":", 1)[1], environment=home)
        assert far.returncode == 1 and "There is no token to call 192.0.2.1" in far.stderr, "it goes to nobody else"
    finally:
        for demo in demos:
            if demo.process.poll() is None:
                demo.stop()
    assert not pathlib.Path(files[1]).exists(), "removed at the end"


# Refusals, and calls in which nothing happened


def test_replay_stops_where_no_call_can_succeed(gateway, bad_token):
    """Fifty callers whose token is refused are refused once each at most, and the run is over long before its time."""
    began = time.monotonic()
    made = run("replay", SENTENCE, "--calls", 50, "--duration", 60, "--target", gateway.address, "--token", bad_token,
               "--json", seconds=50)
    assert made.returncode == 1 and time.monotonic() - began < (60 if SLOW else 20)
    report = json.loads(made.stdout.splitlines()[-1])
    assert report["errors"].keys() == {"UNAUTHENTICATED"} and report["errors"]["UNAUTHENTICATED"] <= 50, report
    assert "the next call would be refused too" in made.stderr and "patchbay token inspect" in made.stderr


def test_replay_backs_off(token_file):
    """Callers whom nobody answers call again later and later."""
    made = run("replay", SENTENCE, "--calls", 10, "--duration", 6, "--target", f"127.0.0.1:{bots.closed_port()}",
               "--token", token_file, "--json", seconds=60)
    report = json.loads(made.stdout.splitlines()[-1])
    # A call a second each would be seventy.
    assert made.returncode == 1 and 10 <= report["errors"]["UNAVAILABLE"] <= 50, report
    assert "Nothing listens at" in made.stderr, made.stderr


def test_replay_without_a_turn(gateway, token_file):
    """A run in which nobody said a word is no success."""
    made = run("replay", SENTENCE, "--calls", 2, "--duration", 1, "--target", gateway.address, "--token", token_file,
               seconds=60)
    assert made.returncode == 1, made.stdout
    assert "Expected at least one turn of each of the 2 callers, none came" in made.stderr
    assert "--duration" in made.stderr


def transfers_at_once(call, event):
    if event.WhichOneof("event") == "started":
        yield bots.bot.BotMessage(turn=event.turn, transfer={"summary": "nobody here"})


def test_a_bare_transfer_is_no_answer(own_gateway, token_file):
    """A bot that hands every caller over without a word: what was to be said was not, and both commands say so."""
    with bots.Bot(transfers_at_once) as bot:
        gateway = own_gateway(agents=[agent("bot", "chunk", bot.engine)])
        options = ("--target", gateway.address, "--token", token_file)
        made = run("call", *options, "--audio", SENTENCE, "--digits", "12#", "--json", seconds=60)
        assert made.returncode == 1, made.stdout
        report = json.loads(made.stdout)
        assert [turn["result"] for turn in report["turns"]] == ["transferred"]
        assert ("Expected to say vm-theperson.wav, then press ••• as well, but the server transferred the caller before."
                in made.stderr)
        assert "heard nothing at all" in made.stderr and report["shortfalls"]
        load = run("replay", SENTENCE, *options, "--calls", 3, "--json", seconds=60)
        assert load.returncode == 1
        counts = json.loads(load.stdout.splitlines()[-1])
        assert counts["errors"] == {"NOT_DONE": 3} and counts["turns"] == 0, counts
        assert "Expected 3 turns, 0 came" in load.stderr
        gateway.stop()


def test_keys_that_nobody_asked_for(own_gateway, token_file):
    """Keys that a bot does not collect are a failure of the call, not a success."""

    def listens_only(call, event):
        if event.WhichOneof("event") == "started":
            yield from bots.audio(bots.prompt("greeting"), event.turn)
            yield bots.end_turn(event.turn, mode=2)

    with bots.Bot(listens_only) as bot:
        gateway = own_gateway(agents=[agent("bot", "chunk", bot.engine)])
        made = run("call", "--target", gateway.address, "--token", token_file, "--digits", "5", seconds=60)
        assert made.returncode == 1 and "had not asked for 1 key" in made.stderr, made.stderr
        gateway.stop()


# Advice


def test_advice_on_tls(own_gateway, certificates, token_file):
    """Each mistake with certificates has its own remedy, and none is taken for a server that does not run."""
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    client = ("--client-certificate", certificates / "client.pem", "--client-key", certificates / "client.key")
    plain = own_gateway()
    secure = own_gateway(listen={"address": "127.0.0.1:0", "tls": tls})
    mutual = own_gateway(listen={"address": "127.0.0.1:0", "tls": tls | {
        "client_ca": str(certificates / "ca.pem"), "client_names": ["*.example.com"]}})

    def advice(gateway, *options):
        target = "localhost:" + gateway.address.rsplit(":", 1)[1]
        made = run("call", "--target", target, "--token", token_file, "--patience", 10, *options, seconds=30)
        assert made.returncode == 1, made.stdout
        return made.stderr

    trust = ("--ca", certificates / "server.pem")
    said = {
        "name": advice(secure, *trust, "--server-name", "wrong.example.com"),
        "authority": advice(secure, "--tls"),
        "plaintext": advice(plain, "--tls"),
        "tls": advice(secure),
        "certificate": advice(mutual, *trust),
        "names": advice(mutual, *trust, *client),
    }
    for what, words in {
        "name": "--server-name NAME", "authority": "--ca FILE", "plaintext": "leave --tls and --ca out",
        "tls": "it probably speaks TLS", "certificate": "asks for a client certificate", "names": "client_names",
    }.items():
        assert words in said[what], f"{what}: {said[what]}"
    assert not any("patchbay serve" in text or "token inspect" in text for text in said.values()), said
    for gateway in (plain, secure, mutual):
        gateway.stop()


def test_advice_on_a_server_that_drains(own_gateway, token):
    """A server that is being stopped is not taken for one that does not run."""
    gateway = own_gateway(shutdown={"drain": "20s"})
    file = gateway.file.parent / "token"
    file.write_text(token)
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        gateway.signal()
        gateway.until(lambda: gateway.get("/readyz")[0] == 503, "drains")
        made = run("call", "--target", gateway.address, "--token", file, "--patience", 10)
        assert made.returncode == 1 and "is draining" in made.stderr, made.stderr
        caller.hang_up()
        assert gateway.wait(60 if SLOW else 25) == 0


def test_advice_of_the_bot_test():
    """A bot that is down is no bot that fails; a gRPC author is told of gRPC's names; a mistake is in the argument."""
    engine = json.dumps({"kind": "grpc", "url": f"http://127.0.0.1:{bots.closed_port()}"})
    gone = run("bot", "test", "--engine", engine, "--only", "greeting")
    assert gone.returncode == 1 and "There was no bot to ask" in gone.stdout and "Start the bot" in gone.stdout
    with bots.Bot(bots.hang) as bot:
        silent = run("bot", "test", "--engine", json.dumps(bot.engine), "--only", "turn", seconds=60)
    assert "`speech_ended`" in silent.stdout and "speechEnded" not in silent.stdout, silent.stdout
    wrong = run("bot", "test", "--engine", "{kind: grpc, url: 'http://127.0.0.1:1', hear: none}")
    assert wrong.returncode == 78 and wrong.stderr.startswith("--engine:1:41: "), wrong.stderr
    assert "agents[0]" not in wrong.stderr


# Files that are not what they seem


def test_audio_of_another_kind_is_named(tmp_path):
    """What begins as a file of another kind is not heard as mu-law noise."""
    for head, name in ((b"RF64\xff\xff\xff\xffWAVE", "RF64"), (b"RIFX\0\0\0\0WAVE", "RIFX"),
                       (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + SENTENCE.read_bytes(), "ID3")):
        file = tmp_path / name
        file.write_bytes(head + bytes(8000))
        heard = run("speech", "detect", file)
        assert heard.returncode == 1 and name in heard.stderr and heard.stdout == "", heard
        spoken = run("call", "--target", "127.0.0.1:9", "--audio", file, environment={"PATCHBAY_TOKEN": "a.b.c"})
        assert spoken.returncode == 1 and name in spoken.stderr, spoken.stderr


def test_bytes_that_are_no_text(tmp_path):
    """A byte-order mark is no mistake; a NUL is reported where it is."""
    good = "agents:\n  - {id: a, engine: {kind: demo}}\n"
    file = tmp_path / "patchbay.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + good.encode())
    assert run("config", "check", "--config", file).returncode == 0
    file.write_bytes(good.encode() + b"limits: {conversations: 1\0}\n")
    nul = run("config", "check", "--config", file)
    assert nul.returncode == 78 and f"{file}:3:26: " in nul.stderr and "NUL" in nul.stderr, nul.stderr
    file.write_bytes(good.encode("utf-16"))
    wide = run("config", "check", "--config", file)
    assert wide.returncode == 78 and "UTF-16" in wide.stderr


def test_one_warning_where_there_is_no_network(tmp_path):
    """Issuers that cannot be reached are one warning, not one each time and each."""
    class Nowhere:
        name = "https://issuer-0.example.com"
        keys_url = f"http://127.0.0.1:{bots.closed_port()}/"

    settings = configuration(Nowhere)
    settings["identity"]["issuers"] = [
        {"issuer": f"https://issuer-{i}.example.com", "keys_url": f"{Nowhere.keys_url}{i}"} for i in range(6)]

    class Unready(Gateway):
        def until(self, condition, what, seconds=30):
            return None if "readyz" in what else super().until(condition, what, seconds)

    server = Unready(tmp_path, settings)
    try:
        time.sleep(4)
        lines = [line for line in server.log.splitlines() if "could not be fetched" in line]
        assert len(lines) == 1, lines
        assert all(f"issuer-{i}.example.com" in lines[0] for i in range(6))
    finally:
        server.stop()
