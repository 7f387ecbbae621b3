"""`patchbay token issuer`: what a partner develops with, and what the server's life with its data sources is shown against."""

import json
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import grpc
import pytest

from conftest import configuration
from gateway import BINARY, SURROUNDINGS, Gateway
from schemas import LIST_VIRTUAL_AGENTS, voice

ORG = "ce861fba-6e2f-49f9-9a84-b354008fac9e"
URL = "https://voice.example.com:443"
VOICE_SCHEMA = "5397013b-7920-4ffc-807c-e8a3e0a18f43"


class StandIn:
    """A running stand-in."""

    def __init__(self, folder, *options):
        self.process = subprocess.Popen(
            [BINARY, "token", "issuer", "--address", "127.0.0.1:0", "--json", "--state", folder, "--url", URL, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=SURROUNDINGS)
        self.facts = json.loads(self.process.stdout.readline())

    def ask(self, line):
        """A command on standard input, and the first line of its answer."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def call(self, method, url, body=None, token=None, form=False):
        """Status, body as JSON, and header fields."""
        data = None if body is None else (urllib.parse.urlencode(body) if form else json.dumps(body)).encode()
        request = urllib.request.Request(url, data=data, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None, answer.headers
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.loads(refusal.read()), refusal.headers

    def rest(self, method, path, body=None, token=None):
        return self.call(method, self.facts["baseURL"] + path, body, token or self.facts["tokens"][0]["accessToken"])

    def control(self, method, path="", body=None):
        return self.call(method, self.facts["control"] + path, body)

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=15)
        return self.process.returncode


@pytest.fixture
def stand_in(tmp_path):
    stand_in = StandIn(tmp_path / "stand-in", "--domain", "example.com")
    yield stand_in
    stand_in.stop()


def source(**changes):
    return {"schemaId": VOICE_SCHEMA, "url": URL, "audience": "patchbay", "subject": "callAudioData", "nonce": "one",
            "tokenLifetimeMinutes": 60, "status": "active"} | changes


def test_a_server_takes_its_tokens(tmp_path, stand_in):
    """A partner's way: what it prints is configured, a minted token and a data source's are taken, and after a rotation
    (a command, and SIGHUP) the new key's."""

    class Printed:
        name, keys_url = stand_in.facts["issuer"], stand_in.facts["keysURL"]

    settings = configuration(Printed)
    settings["identity"]["tenants"] = [{"org": ORG, "name": "Example", "url": URL}]
    settings["agents"] = settings["agents"][:1]
    gateway = Gateway(tmp_path, settings)

    def code(token):
        with gateway.channel() as channel:
            method = channel.unary_unary(LIST_VIRTUAL_AGENTS)
            try:
                method(voice.ListVARequest(customer_org_id=ORG).SerializeToString(),
                       metadata=(("authorization", token),), timeout=10)
            except grpc.RpcError as refusal:
                return refusal.code()
        return grpc.StatusCode.OK

    assert code(stand_in.ask("mint")) is grpc.StatusCode.OK
    status, created, _ = stand_in.rest("POST", "/dataSources", source())
    assert status == 200 and code(created["jwsToken"]) is grpc.StatusCode.OK
    assert "2 keys are published" in stand_in.ask("rotate")
    stand_in.process.send_signal(signal.SIGHUP)
    assert "3 keys are published" in stand_in.process.stdout.readline()
    # The server has fetched its keys at the start, before the rotation: a new key may take half a minute.
    assert code(stand_in.ask("mint")) in (grpc.StatusCode.OK, grpc.StatusCode.UNAUTHENTICATED)
    assert "withdrew" in stand_in.ask("withdraw")
    gateway.stop()


def test_it_goes_on_where_it_ended(tmp_path):
    """Keys, data sources and OAuth tokens outlive a restart; its files are for the owner only."""
    folder = tmp_path / "stand-in"
    first = StandIn(folder)
    status, created, _ = first.rest("POST", "/dataSources", source())
    assert status == 200
    access = first.facts["tokens"][0]["accessToken"]
    keys = first.control("GET")[1]["keys"]
    assert first.stop() == 0
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    again = StandIn(folder)
    assert again.control("GET")[1]["keys"] == keys
    assert again.rest("GET", f"/dataSources/{created['id']}", token=access)[1]["jwsToken"] == created["jwsToken"]
    assert again.stop() == 0


def test_faults_on_command(stand_in):
    """429 with Retry-After, 5xx, garbage, an answer that is lost, then none."""
    stand_in.control("POST", "/faults", {"kind": "status", "status": 429, "retryAfter": 3, "times": 1})
    status, _, fields = stand_in.rest("GET", "/dataSources")
    assert (status, fields["Retry-After"]) == (429, "3")
    stand_in.control("POST", "/faults", {"kind": "status", "status": 503, "times": 1, "path": "/dataSources"})
    assert stand_in.rest("GET", "/dataSources")[0] == 503
    stand_in.control("POST", "/faults", {"kind": "garbage", "times": 1})
    with pytest.raises(ValueError):
        stand_in.rest("GET", "/dataSources")
    stand_in.control("POST", "/faults", {"kind": "lost", "times": 1})
    with pytest.raises(OSError):
        stand_in.rest("POST", "/dataSources", source())
    assert len(stand_in.rest("GET", "/dataSources")[1]["items"]) == 1, "what was lost was the answer"
    assert stand_in.control("GET")[1]["requests"] == {"GET /dataSources": 4, "POST /dataSources": 1}


def test_refresh_tokens(stand_in):
    """The printed refresh token gets a new pair; the old one ends when the new one is used."""

    def refresh(token):
        return stand_in.call("POST", stand_in.facts["baseURL"] + "/access_token", {
            "grant_type": "refresh_token", "client_id": stand_in.facts["clientID"],
            "client_secret": stand_in.facts["clientSecret"], "refresh_token": token}, form=True)

    tokens = stand_in.facts["tokens"][0]
    with open(tokens["refreshTokenFile"]) as file:
        assert file.read().strip() == tokens["refreshToken"]
    status, pair, _ = refresh(tokens["refreshToken"])
    assert status == 200 and pair["refresh_token"] != tokens["refreshToken"]
    assert refresh(tokens["refreshToken"])[0] == 200, "the new one was not used yet"
    newest = refresh(tokens["refreshToken"])[1]
    assert stand_in.rest("GET", "/dataSources", token=newest["access_token"])[0] == 200
    assert refresh(tokens["refreshToken"])[0] == 400
    stand_in.ask("expire")
    assert stand_in.rest("GET", "/dataSources", token=newest["access_token"])[0] == 401


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:0", "nonsense", "127.0.0.1:99999"])
def test_addresses_that_it_does_not_take(address):
    """It is for this machine alone."""
    refused = subprocess.run([BINARY, "token", "issuer", "--address", address], capture_output=True, text=True,
                             timeout=30, stdin=subprocess.DEVNULL, env=SURROUNDINGS)
    assert refused.returncode != 0 and address in refused.stderr
