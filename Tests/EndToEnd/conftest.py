import pathlib
import subprocess
import warnings

import grpc
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # audioop is there until Python 3.13
    import speech

from caller import Caller
from edge import edge
from gateway import SLOW, Gateway
from issuer import Issuer

TENANT_A = {
    "org": "11111111-aaaa-4111-8111-111111111111",
    "name": "Alpha",
    "url": "https://voice.alpha.example.com:443",
    "nonce": "nonce-of-alpha",
}
TENANT_B = {
    "org": "22222222-bbbb-4222-8222-222222222222",
    "name": "Beta",
    "url": "https://voice.beta.example.com",
    "nonce": "nonce-of-beta",
}
END_SILENCE = 0.7

SCRIPTS = pathlib.Path(__file__).parent / "scripts"


def configuration(issuer, **changes):
    """Two tenants; agents of both kinds in both response modes."""
    return {
        "listen": {"address": "127.0.0.1:0"},
        "admin": {"address": "127.0.0.1:0"},
        "identity": {
            "issuers": [{"issuer": issuer.name, "keys_url": issuer.keys_url}],
            "tenants": [
                {
                    "org": TENANT_A["org"], "name": TENANT_A["name"], "url": TENANT_A["url"],
                    "audience": "patchbay-tests", "subject": "callAudioData", "nonces": [TENANT_A["nonce"]],
                },
                {"org": TENANT_B["org"], "name": TENANT_B["name"], "url": TENANT_B["url"]},
            ],
        },
        "agents": [
            agent("demo-wav", "wav", {"kind": "demo"}, default=True),
            agent("demo-chunk", "chunk", {"kind": "demo"}),
            agent("script-wav", "wav", {"kind": "scripted", "script": str(SCRIPTS / "menu.yaml")}),
            agent("script-chunk", "chunk", {"kind": "scripted", "script": str(SCRIPTS / "menu.yaml")}),
            agent("short-turns", "wav", {"kind": "demo"}, maximum_utterance="2s"),
            agent("beta-only", "wav", {"kind": "demo"}, tenants=[TENANT_B["org"]]),
        ],
        "logging": {"level": "trace", "format": "json"},
        # Many tests leave calls up: they are not waited for at the end.
        "shutdown": {"drain": "1s", "grace": "0s"},
    } | changes


def agent(name, responses, engine, maximum_utterance="60s", **more):
    speech_settings = {
        "minimum_speech": "100ms", "end_silence": "700ms", "preroll": "400ms", "maximum_utterance": maximum_utterance}
    return {"id": name, "name": f"Agent {name}", "responses": responses, "engine": engine,
            "speech": speech_settings} | more


@pytest.fixture
def own_gateway(tmp_path, issuer):
    """Starts servers that belong to one test; those that still run are stopped after it."""
    started = []

    def start(environment=None, machine=Gateway.machine, **changes):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Gateway(folder, configuration(issuer, **changes), environment, machine))
        return started[-1]

    start.at_end = []  # what else the test has started
    yield start
    for gateway in started:
        if gateway.process.poll() is None:
            gateway.process.kill()
            gateway.process.wait()
    for end in start.at_end:
        end()


@pytest.fixture(scope="session")
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A folder with a server's certificate, and a client's with the authority that signed it."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def make_certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority")
    openssl("req", *key, "-keyout", "client.key", "-out", "client.csr",
            "-subj", "/CN=insight-orchestrator.test.ciscoccservice.com")
    openssl("x509", "-req", "-in", "client.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-out", "client.pem")
    for name in ("server.key", "ca.key", "client.key"):
        (folder / name).chmod(0o600)


@pytest.fixture
def through(tmp_path, certificates):
    """Starts proxies; those that run are stopped after the test."""
    opened = []

    def start(kind, *gateways, **more):
        folder = tmp_path / f"edge{len(opened)}"
        folder.mkdir()
        folder.chmod(0o755)
        proxy = edge(kind, folder, certificates, *gateways, **more)
        opened.append(proxy)
        return proxy.__enter__()

    yield start
    for proxy in opened:
        proxy.__exit__(None, None, None)


@pytest.fixture(scope="session")
def plain_gateway(tmp_path_factory, issuer):
    gateway = Gateway(tmp_path_factory.mktemp("plain"), configuration(issuer))
    yield gateway
    gateway.stop()


@pytest.fixture(scope="session")
def tls_gateway(tmp_path_factory, issuer, certificates):
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    listen = {"address": "127.0.0.1:0", "tls": tls}
    gateway = Gateway(tmp_path_factory.mktemp("tls"), configuration(issuer, listen=listen))
    yield gateway
    gateway.stop()


@pytest.fixture
def gateway(plain_gateway):
    """The server that most tests share, over plaintext; it has to be alive after each of them."""
    yield plain_gateway
    assert plain_gateway.process.poll() is None, f"the server died:\n{plain_gateway.log[-4000:]}"


@pytest.fixture
def channel(gateway):
    with gateway.channel() as channel:
        yield channel


@pytest.fixture
def token(issuer):
    """A good token of the first tenant."""
    return issuer.token(TENANT_A)


@pytest.fixture
def new_caller(channel, token):
    """Makes callers of the first tenant."""

    def make(agent="demo-wav", **more):
        mode = "chunk" if "chunk" in agent else "wav"
        return Caller(channel, more.pop("token", token), more.pop("org", TENANT_A["org"]), agent,
                      **({"mode": mode} | more))

    return make


@pytest.fixture
def expect():
    """Waits for an RPC to end with a status, soon and with a text; gives the text."""

    def check(interaction, code, seconds=5):
        assert interaction.done.wait(seconds * (6 if SLOW else 1)), f"no end within {seconds} s: {interaction.replies}"
        assert interaction.code is grpc.StatusCode[code], f"{interaction.code}: {interaction.call.details()}"
        assert interaction.call.details(), "a refusal says why"
        return interaction.call.details()

    return check


# How many crashes of the tests' own process are forgiven in a run.
FORGIVEN_CRASHES = 2
crashed = set()


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem, report, sched):
    """Has a test whose process died played once more, and says so: that is the foreign client's native code, since the
    gateway is another process, whose death fails its test. One that dies twice has failed."""
    if crashitem in crashed or len(crashed) == FORGIVEN_CRASHES:
        return
    crashed.add(crashitem)
    sched.mark_test_pending(crashitem)
    report.outcome = "played again"
