"""The process: its configuration, its end, and what it writes down."""

import json
import pathlib
import re
import signal
import time
import urllib.parse

import grpc
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from caller import Caller
from conftest import TENANT_A, agent, configuration
from gateway import SLOW, run
from recordings import Archive, settings
from schemas import CUSTOM_EVENT, SESSION_START, Event
from speech import likeness, recorded, silence

ADMIN_TOKEN = "0123456789abcdef0123456789abcdef"


# SIGTERM


def test_an_idle_server_ends_at_once(own_gateway):
    """R1: SIGTERM without calls: exit 0."""
    gateway = own_gateway()
    began = time.monotonic()
    gateway.stop()
    assert time.monotonic() - began < (30 if SLOW else 5)


def test_drain(own_gateway, token):
    """R1: after SIGTERM health is NOT_SERVING, no new conversation is taken, live calls run to their end, exit 0."""
    gateway = own_gateway(shutdown={"drain": "60s"})
    with gateway.channel() as channel, gateway.channel() as other:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        line = caller.listen()
        time.sleep(max(0.3, caller.playing_until - time.monotonic()))
        watch = health_pb2_grpc.HealthStub(other).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING

        asked = time.monotonic()
        gateway.signal()
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        noticed = time.monotonic() - asked
        assert noticed < (2 if SLOW else 0.2), f"R1: NOT_SERVING within 100 ms, and a margin; it took {noticed:.3f} s"
        assert gateway.get("/readyz")[0] == 503

        refused = Caller(channel, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
        assert refused.done.wait(5) and refused.code is grpc.StatusCode.UNAVAILABLE, refused.code

        spoken = recorded("vm-theperson")
        line.say(spoken)
        assert likeness(caller.hear(line).audio, spoken) > 0.85, "the open RPC runs to its end"
        caller.press("4")
        assert gateway.process.poll() is None, "the call is still up, and so is the server"
        caller.hang_up()
        watch.cancel()
        assert gateway.wait(60 if SLOW else 15) == 0


def test_a_second_sigterm(own_gateway, token):
    """R1: a second SIGTERM ends the server within 5 s, whatever is still up."""
    gateway = own_gateway(shutdown={"drain": "60s"})
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        line = caller.listen()
        gateway.signal()
        time.sleep(0.5)
        assert gateway.process.poll() is None and not line.done.is_set(), "a call is up"
        gateway.signal()
        assert gateway.wait(60 if SLOW else 5) == 0
        check_handed_over(line)


def check_handed_over(line):
    """R1: a call that is cut short is handed to a person, and its RPC ends as UNAVAILABLE."""
    assert line.done.wait(5) and line.code is grpc.StatusCode.UNAVAILABLE, line.code
    assert [r.event for r in line.replies] == [Event.TRANSFER_TO_AGENT], line.replies


def test_the_limit_of_the_drain(own_gateway, token):
    """R1: a call that outlives `shutdown.drain` is handed to a person; exit 0."""
    gateway = own_gateway(shutdown={"drain": "1500ms"})
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        line = caller.listen()
        began = time.monotonic()
        gateway.signal()
        check_handed_over(line)
        assert 1.4 < line.ended - began < (10 if SLOW else 2.5), line.ended - began
        assert gateway.wait(60 if SLOW else 6) == 0


def test_sighup_does_not_end_it(own_gateway, token):
    """SIGHUP is no end."""
    gateway = own_gateway()
    gateway.signal(signal.SIGHUP)
    time.sleep(0.5)
    with gateway.channel() as channel:
        Caller(channel, token, TENANT_A["org"], "demo-wav").start()


# TLS


def test_mutual_tls(own_gateway, certificates, token):
    """Wire 2: with a client authority, a client needs a certificate of it, and its token all the same."""
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key"),
           "client_ca": str(certificates / "ca.pem"), "client_names": ["*.test.ciscoccservice.com"]}
    gateway = own_gateway(listen={"address": "127.0.0.1:0", "tls": tls})
    with gateway.channel() as stranger:
        refused = Caller(stranger, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
        assert refused.done.wait(10) and refused.code is grpc.StatusCode.UNAVAILABLE, refused.code
    key, certificate = ((certificates / f"client.{kind}").read_bytes() for kind in ("key", "pem"))
    with gateway.channel(key, certificate) as channel:
        refused = Caller(channel, None, TENANT_A["org"], "demo-wav").event(SESSION_START)
        assert refused.done.wait(10) and refused.code is grpc.StatusCode.UNAUTHENTICATED, refused.code
        Caller(channel, token, TENANT_A["org"], "demo-wav").start()
    gateway.stop()

    other = own_gateway(listen={"address": "127.0.0.1:0", "tls": tls | {"client_names": ["*.example.com"]}})
    with other.channel(key, certificate) as channel:
        refused = Caller(channel, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
        assert refused.done.wait(10) and refused.code is grpc.StatusCode.UNAUTHENTICATED, "a name that is not listed"


def test_tls_is_not_plaintext(tls_gateway):
    """A plaintext client does not get through to a TLS listener."""
    with grpc.insecure_channel(tls_gateway.address) as channel:
        with pytest.raises(grpc.FutureTimeoutError):
            grpc.channel_ready_future(channel).result(timeout=1.5)


# Bad configuration


def broken(change):
    """A good configuration with one thing changed in its text, and the line where the change is."""

    def make(issuer):
        text = yaml.safe_dump(configuration(issuer), sort_keys=False)
        changed = change(text)
        assert changed != text
        pairs = enumerate(zip(changed.splitlines(), text.splitlines() + [""] * 99), start=1)
        return changed, next(n for n, (a, b) in pairs if a != b)

    return make


BROKEN = {
    "an unknown key": broken(lambda t: t.replace("listen:\n  address:", "listen:\n  adress:")),
    "an unknown section": broken(lambda t: t.replace("agents:", "agent:")),
    "no address": broken(lambda t: t.replace("address: 127.0.0.1:0", "address: nowhere", 1)),
    "a port too high": broken(lambda t: t.replace("address: 127.0.0.1:0", "address: 127.0.0.1:65536", 1)),
    "an unknown engine": broken(lambda t: t.replace("kind: demo", "kind: magic", 1)),
    "an unknown mode": broken(lambda t: t.replace("responses: wav", "responses: mp3", 1)),
    "a time without unit": broken(lambda t: t.replace("end_silence: 700ms", "end_silence: soon", 1)),
    "a negative time": broken(lambda t: t.replace("end_silence: 700ms", "end_silence: -1ms", 1)),
    "an organization that is no UUID": broken(lambda t: t.replace(f"org: {TENANT_A['org']}", "org: alpha", 1)),
    "keys over plain HTTP": broken(lambda t: re.sub(r"(keys_url:) http://127\S+", r"\1 http://example.com/", t)),
    "an unknown level": broken(lambda t: t.replace("level: trace", "level: loud")),
    "a certificate that is not there": broken(lambda t: t.replace(
        "  address: 127.0.0.1:0", "  address: 127.0.0.1:0\n  tls: {certificate: /no/such.pem, key: /no/such.key}", 1)),
    "a script that is not there": broken(lambda t: re.sub(r"script: \S+", "script: /no/such.yaml", t, count=1)),
    "YAML that ends early": broken(lambda t: t.replace("  address: 127.0.0.1:0", "  address: [127.0.0.1:0", 1)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_bad_configuration(tmp_path, issuer, name):
    """R16: a bad configuration exits 78 and names file and line."""
    text, line = BROKEN[name](issuer)
    file = tmp_path / "patchbay.yaml"
    file.write_text(text)
    for command in (("serve", "--config", file), ("config", "check", "--config", file)):
        ended = run(*command)
        said = ended.stdout + ended.stderr
        assert ended.returncode == 78, f"{command[0]} exits {ended.returncode}: {said}"
        named = [int(n) for n in re.findall(re.escape(str(file)) + r":(\d+)", said)]
        assert named, f"no file and line in: {said}"
        if name != "YAML that ends early":  # where a bracket is missed is the parser's to say
            assert line in named, f"line {line} is the bad one: {said}"


def test_a_missing_file():
    """R16: a configuration that is not there exits 78 and names it."""
    ended = run("serve", "--config", "/no/such/patchbay.yaml")
    assert ended.returncode == 78 and "/no/such/patchbay.yaml" in ended.stdout + ended.stderr


def test_a_bad_script(tmp_path, issuer):
    """A script that leads nowhere exits 78 and names its own file and line."""
    script = tmp_path / "bad.yaml"
    script.write_text("start: nowhere\nstates: {}\n")
    scripted = agent("x", "wav", {"kind": "scripted", "script": str(script)}, default=True)
    changed = configuration(issuer, agents=[scripted])
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(changed))
    for command in (("serve", "--config", file), ("config", "check", "--config", file)):
        ended = run(*command)
        said = ended.stdout + ended.stderr
        assert ended.returncode == 78, f"{command[0]} exits {ended.returncode}: {said}"
        assert re.search(re.escape("bad.yaml") + r":\d+", said), said


def test_an_address_in_use(tmp_path, issuer, gateway):
    """An address that another process has ends the server with 1 and the address."""
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(configuration(issuer, listen={"address": gateway.address})))
    ended = run("serve", "--config", file)
    assert ended.returncode == 1 and gateway.address in ended.stdout + ended.stderr, ended.stdout + ended.stderr


def test_usage():
    """An unknown option exits 64."""
    assert run("serve", "--no-such-option").returncode == 64


def test_a_good_configuration_is_checked_and_printed(tmp_path, issuer):
    """`config check` is quiet about a good file, and `config print` prints what takes effect."""
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(configuration(issuer), sort_keys=False))
    assert run("config", "check", "--config", file).returncode == 0
    printed = run("config", "print", "--config", file)
    assert printed.returncode == 0 and TENANT_A["org"] in printed.stdout


def test_plaintext_beyond_loopback_has_to_be_said(tmp_path, issuer):
    """Plaintext on an address that is not loopback has to be asked for."""
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(configuration(issuer, listen={"address": "0.0.0.0:0"}), sort_keys=False))
    assert run("config", "check", "--config", file).returncode == 78
    listen = {"address": "0.0.0.0:0", "plaintext": True}
    file.write_text(yaml.safe_dump(configuration(issuer, listen=listen), sort_keys=False))
    assert run("config", "check", "--config", file).returncode == 0


LIBFAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@pytest.mark.skipif(not LIBFAKETIME.exists(), reason="faketime is not installed")
@pytest.mark.skipif(SLOW, reason="a sanitizer's binary is preloaded nothing")
def test_a_preloaded_library_that_changes_the_environment():
    """The arguments are found, whatever a library has done to the environment before the program began."""
    preloaded = {"LD_PRELOAD": str(LIBFAKETIME)}
    checked = run("config", "check", environment=preloaded)
    assert checked.returncode == 0 and checked.stdout.startswith("ok: the embedded demo"), checked.stdout
    assert run("serve", "--no-such-option", environment=preloaded).returncode == 64


# What it writes down


def test_nothing_private_is_logged(own_gateway, issuer, tmp_path):
    """Wire 7, S1, J28: digits, parameters, additional info and tokens are in no log line at any level, no metric, no answer of the
    admin port, and nothing that is made of the recordings."""
    secret = tmp_path / "admin.token"
    secret.write_text(ADMIN_TOKEN)
    secret.chmod(0o600)
    gateway = own_gateway(
        admin={"address": "127.0.0.1:0", "phone": True, "token_file": str(secret)}, recording=settings(tmp_path / "recordings"))

    def read(path):
        status, text = gateway.get(path, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
        assert status == 200, (path, text)
        return text

    canaries = {
        "digits": "4929123412341234", "order": "864213", "prompt": "Key in the ", "info": "canary-info-6b1f", "vendor": "canary-vendor-90ac",
        "parameter": "canary-parameter-33d2", "nonce": TENANT_A["nonce"],
    }
    token = issuer.token(TENANT_A, canary="canary-claim-77e0")
    bad = issuer.token(TENANT_A, header={"kid": "canary-kid-5512"})
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav", additional_info={"card": canaries["info"]},
                        vendor_specific_config=canaries["vendor"])
        caller.start()
        caller.press(canaries["digits"])
        caller.custom_event("x", {"secret": canaries["parameter"]})
        spoken = recorded("vm-theperson")
        caller.speak(spoken)
        caller.open(caller.request(vendor_specific_config=canaries["vendor"] * 400)).done.wait(5)
        refused = Caller(channel, bad, TENANT_A["org"], "demo-wav").event(CUSTOM_EVENT)
        refused.done.wait(5)
        caller.hang_up()
        scripted = Caller(channel, token, TENANT_A["org"], "script-wav")
        scripted.start()
        scripted.press("2")
        scripted.press(canaries["digits"])
        scripted.hang_up()
        ordering = Caller(channel, token, TENANT_A["org"], "script-chunk", "chunk")
        ordering.start()
        ordering.press("1")
        ordering.press(canaries["order"])
        live = Caller(channel, token, TENANT_A["org"], "script-wav", additional_info={"card": canaries["info"]})
        live.start()
        live.press("2")
        live.press(canaries["digits"])
        answers = "\n".join(read(path) for path in ("/metrics", "/status", "/", "/readyz", "/phone", "/runbook"))
        assert live.conversation in answers, "a live call is shown"
        status = json.loads(read("/status"))
        stories = [f"/status/calls/{call['id']}" for call in status["calls"] + status["endedCalls"]]
        assert len(stories) == 4
        sought = [urllib.parse.quote(text) for text in (caller.tracking, caller.conversation, "demo-wav hangup", TENANT_A["name"])]
        finds = [f"/status/find/{text}" for text in sought]
        assert all(json.loads(read(path))["endedCount"] for path in finds)
        about = [f"/recordings/{call['id']}" for call in status["endedCalls"]]
        answers += "\n".join(
            read(path) for path in [*stories, *finds, *about, "/status/history/3600", "/status/phone/directory"])
    gateway.stop()
    archive = Archive(tmp_path / "recordings")
    made = [archive.command("export", row["id"], "--format", "call", "--to", tmp_path / "calls") for row in archive.list()]
    assert len(made) == 4
    texts = [path for path in tmp_path.rglob("*") if path.suffix in (".json", ".jsonl", ".yaml") and path != gateway.file]
    assert len(texts) >= 4 * 3 + 1, "timelines, calls and the audit"
    written = gateway.log + answers + archive.command("list", "--json") + "\n".join(path.read_text() for path in texts)
    for what, canary in canaries.items():
        assert canary not in written, f"{what} in: {next(x for x in written.splitlines() if canary in x)}"
    spaced = re.compile(r"\D{1,3}".join("4929123412"))
    assert not spaced.search(written), "digits one by one"
    for secret in (*token.split("."), *bad.split("."), "canary-claim-77e0", "canary-kid-5512"):
        assert secret not in written
    assert caller.tracking in written, "Wire 2: while the tracking id is there, for Webex support"


def test_the_line_that_ends_an_rpc(own_gateway, token):
    """It says whose RPC it was, and how it ended; one without a good token has no such line."""
    gateway = own_gateway()
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        lost = caller.listen()
        lost.say(silence(0.3))
        gateway.until(lambda: re.search(r"^patchbay_audio_frames_total [1-9]", gateway.get("/metrics")[1], re.M), "hears it")
        lost.cancel()
        refused = Caller(channel, "no.good.token", TENANT_A["org"], "demo-wav").event(SESSION_START)
        refused.done.wait(10)
        unknown = Caller(channel, token, TENANT_A["org"], "nobody").event(SESSION_START)
        unknown.done.wait(10)
        gateway.until(lambda: gateway.log.count("rpc ended") >= 3, "logs the ends of three RPCs")
    lines = [json.loads(line)["metadata"] for line in gateway.log.splitlines() if "rpc ended" in line]
    assert [line["status"] for line in lines] == ["OK", "CANCELLED", "NOT_FOUND"]
    for line in lines[:2]:
        assert line["trackingid"] == caller.tracking and line["conversation"] == caller.conversation
        assert (line["org"], line["tenant"]) == (TENANT_A["org"], TENANT_A["name"])
        assert (line["agent"], line["rpc"]) == ("demo-wav", "conversation")
        assert 0 <= int(line["milliseconds"]) < 20_000


def test_a_burst_of_calls_is_logged_whole(own_gateway, token):
    """Each call's beginning is in the log under its tracking id, however many begin in a second."""
    gateway = own_gateway()
    with gateway.channel() as channel:
        callers = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(100)]
        callers[0].tracking = "ENDTOEND_81b79248-5462-4255-80b6-a9387d0012c4"  # some of it looks like a card's number
        began = time.monotonic()
        openings = [caller.event(SESSION_START) for caller in callers]
        gateway.until(lambda: gateway.log.count("conversation started") >= 100, "logs 100 beginnings", 15)
        took = time.monotonic() - began
        for opening in openings:
            opening.done.wait(20)
    lines = [line for line in gateway.log.splitlines() if "conversation started" in line]
    assert len(lines) / 20 > took or SLOW, "they came faster than lines without a tracking id may come"
    for caller in callers:
        assert any(caller.tracking in line for line in lines), f"{caller.tracking} is missing"


def test_log_lines_are_json(gateway, new_caller):
    """S8: every line of the log is one JSON object, of at most 8 KB."""
    import json

    caller = new_caller(metadata=[("x-test", '"}\\n{"'), ("trackingid", '"\\u0000{}\\')], vendor_specific_config='"\n\x1b[2J')
    caller.start()
    for line in gateway.log.splitlines():
        assert len(line) <= 8192
        assert isinstance(json.loads(line), dict), line
