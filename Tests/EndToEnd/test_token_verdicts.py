"""`patchbay token verify` says what the running server would do, and whom it asked."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import grpc
import pytest
import yaml

from conftest import TENANT_A, configuration
from gateway import BINARY, SURROUNDINGS, Gateway, run
from schemas import LIST_VIRTUAL_AGENTS, voice
from standin import StandIn

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def stand_in(tmp_path):
    stand_in = StandIn(tmp_path / "webex")
    yield stand_in
    stand_in.close()


def takes(gateway, token, org):
    with gateway.channel() as channel:
        method = channel.unary_unary(LIST_VIRTUAL_AGENTS)
        try:
            method(voice.ListVARequest(customer_org_id=org).SerializeToString(),
                   metadata=(("authorization", token),), timeout=10)
        except grpc.RpcError as refusal:
            assert refusal.code() is grpc.StatusCode.UNAUTHENTICATED
            return False
    return True


def verify(tmp_path, settings, token, *more):
    file = tmp_path / "verify.yaml"
    file.write_text(yaml.safe_dump(settings))
    return run("token", "verify", "--config", file, *more, token)


def minted(stand_in, **more):
    return stand_in.control("/tokens", "POST", org=stand_in.org, url=stand_in.url, **more)["token"]


def registered(stand_in, gateway):
    gateway.until(lambda: gateway.get("/readyz")[0] == 200, "is ready")
    gateway.until(lambda: stand_in.sources(), "registers")
    gateway.until(lambda: takes(gateway, stand_in.sources()[0]["jwsToken"], stand_in.org), "takes the token")


def test_the_verdict_is_the_servers(tmp_path, stand_in):
    """The registered token, one that was minted as the page says, and one of another nonce: the server and the command agree."""
    settings = stand_in.configuration()
    gateway = Gateway(tmp_path, settings)
    registered(stand_in, gateway)
    current = stand_in.sources()[0]["jwsToken"]
    for token, is_good in ((current, True), (minted(stand_in), True), (minted(stand_in, nonce="another"), False),
                           (minted(stand_in, audience="x", nonce="another"), False), ("a.b.c", False)):
        assert takes(gateway, token, stand_in.org) is is_good
        asked = verify(tmp_path, settings, token, "--admin", gateway.admin)
        assert asked.returncode == (0 if is_good else 1), asked.stdout + asked.stderr
        assert f"asked: the running server, on its admin port {gateway.admin}" in asked.stdout
        assert ("accepted: tenant Example" in asked.stdout) is is_good
        batch = subprocess.run(
            [BINARY, "token", "verify", "--batch", "--config", tmp_path / "verify.yaml", "--admin", gateway.admin],
            input=token + "\n", capture_output=True, text=True, env=SURROUNDINGS, timeout=30)
        assert json.loads(batch.stdout)["accepted"] is is_good, batch.stderr
    gateway.stop()


def test_without_a_server_nothing_is_promised(tmp_path, stand_in):
    """A token whose nonce only a server could know is not called accepted while none answers; one that is bad anyway is refused."""
    settings = stand_in.configuration()
    alone = verify(tmp_path, settings, minted(stand_in, nonce="whose"))
    assert alone.returncode == 1, alone.stdout
    assert "asked: the configuration alone" in alone.stdout and "--admin" in alone.stdout
    assert "not accepted yet" in alone.stdout
    bad = verify(tmp_path, settings, minted(stand_in, lifetime=1, claims={"exp": 1}))
    assert bad.returncode == 1 and "not accepted yet" not in bad.stdout
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        named = verify(tmp_path, settings, "a.b.c", "--admin", f"127.0.0.1:{free.getsockname()[1]}")
    assert named.returncode == 1 and "no server answers" in named.stderr


def test_the_note_that_servers_share_is_read(tmp_path, stand_in):
    """Without an answer on the admin port, the nonces noted beside the lease decide."""
    settings = stand_in.configuration(lease={"file": str(tmp_path / "lease"), "announcement": "0s"})
    gateway = Gateway(tmp_path, settings)
    registered(stand_in, gateway)
    current = stand_in.sources()[0]["jwsToken"]
    gateway.stop()
    known = verify(tmp_path, settings, current)
    assert known.returncode == 0 and f"noted in {tmp_path / 'lease'}" in known.stdout, known.stdout + known.stderr
    unknown = verify(tmp_path, settings, minted(stand_in, nonce="another"))
    assert unknown.returncode == 1 and "jti" in unknown.stdout


def test_revocations_and_the_admin_token(tmp_path, issuer):
    """What an operator has revoked is refused by both; without the admin port's token nobody is told anything."""
    secret = tmp_path / "admin.token"
    secret.write_text("correct-horse-battery-staple-0123456789\n")
    secret.chmod(0o600)
    settings = configuration(issuer, admin={"address": "127.0.0.1:0", "token_file": str(secret)})
    gateway = Gateway(tmp_path, settings)
    token = issuer.token(TENANT_A)
    assert takes(gateway, token, TENANT_A["org"])
    assert verify(tmp_path, settings, token, "--admin", gateway.admin).returncode == 0
    assert gateway.post("/tokens/verify", token)[0] == 401
    body = json.dumps({"org": TENANT_A["org"], "nonce": TENANT_A["nonce"]})
    assert gateway.post("/revocations", body, secret.read_text().strip())[0] == 200
    assert not takes(gateway, token, TENANT_A["org"])
    revoked = verify(tmp_path, settings, token, "--admin", gateway.admin)
    assert revoked.returncode == 1 and "revoked" in revoked.stdout
    secret.write_text("another-secret-of-some-length-9876543210\n")
    refused = verify(tmp_path, settings, token, "--admin", gateway.admin)
    assert refused.returncode == 1 and "admin token" in refused.stderr
    gateway.stop()


def blocks(page):
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / "Docs" / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_page_of_the_stand_in_is_true(tmp_path):
    """Docs/StandIn.md, command by command, on ports that are free: the token is accepted and the call is answered."""
    ports = {}
    for port in ("8090", "50051", "8080"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports[port] = str(free.getsockname()[1])
    start, use = [re.sub(r"\b(8090|50051|8080)\b", lambda m: ports[m[0]], text) for text in blocks("StandIn.md")[:2]]
    start = start.replace("token issuer", f"token issuer --address 127.0.0.1:{ports['8090']} --url https://localhost:{ports['50051']}")
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "patchbay").symlink_to(BINARY)
    surroundings = SURROUNDINGS | {"PATH": f"{folder}:{os.environ['PATH']}"}

    def script(text):
        return f"set -e\ncd {folder}\n{text}"

    # The stand-in has to have written its files before the server reads them.
    start = start.replace("cat > patchbay.yaml", "while [ ! -e stand-in/client-secret ]; do sleep 0.1; done\ncat > patchbay.yaml")
    with open(tmp_path / "log", "w") as log:
        running = subprocess.Popen(
            ["sh", "-c", script(start + "echo up; wait")], env=surroundings, stdin=subprocess.PIPE, stdout=log, stderr=log,
            start_new_session=True)
    try:
        ready = f"until curl -sf http://127.0.0.1:{ports['8080']}/readyz && [ -n \"$(curl -s http://127.0.0.1:{ports['8090']}/stand-in" \
            " | grep com.cisco.org.uuid)\" ]; do sleep 0.1; done\nsleep 1\n"
        done = subprocess.run(["sh", "-c", script(ready + use)], env=surroundings, capture_output=True, text=True, timeout=60)
        said = done.stdout + done.stderr + (tmp_path / "log").read_text()
        assert done.returncode == 0, said
        assert "asked: the running server" in done.stdout and "accepted: tenant Example" in done.stdout, said
        shown = run("datasource", "show", "--config", folder / "patchbay.yaml")
        assert shown.returncode == 0 and "com.cisco.datasource.url" in shown.stdout, shown.stdout + shown.stderr
        nonce = re.search(r"\bjti +(\S+)", shown.stdout)[1]
        assert nonce in (folder / "token").read_text() or nonce in subprocess.run(
            [BINARY, "token", "inspect", folder / "token"], capture_output=True, text=True, env=SURROUNDINGS).stdout
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.communicate(timeout=20)
