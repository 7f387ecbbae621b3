"""Data sources: `patchbay datasource`, and the life cycle inside `patchbay serve`, against the stand-in for Webex."""

import json
import os
import pathlib
import re
import subprocess
import time

import pytest
import yaml

from websockets.exceptions import InvalidStatus

from caller import Caller
from gateway import BINARY, SLOW, SURROUNDINGS, Gateway, run
from issuer import VOICE_SCHEMA
from socket_caller import SOCKET_SCHEMA, SocketCaller
from standin import KillingProxy, StandIn


@pytest.fixture
def stand_in(tmp_path):
    stand_in = StandIn(tmp_path / "webex", "--refresh-tokens", "at-once")
    yield stand_in
    stand_in.close()


@pytest.fixture
def command(tmp_path, stand_in):
    """Runs `patchbay datasource` with a configuration for the stand-in."""

    def datasource(*arguments, **sources):
        file = tmp_path / "patchbay.yaml"
        file.write_text(yaml.safe_dump(stand_in.configuration(**sources)))
        return run("datasource", *arguments, "--config", file)

    return datasource


def test_every_call_by_hand(stand_in, command):
    """Register, list, show, renew, disable, enable, delete: for people and as JSON, and --dry-run changes nothing."""
    schemas = command("schemas")
    assert schemas.returncode == 0 and "VoiceVirtualAgent" in schemas.stdout
    trial = command("register", "--dry-run")
    assert trial.returncode == 0 and "would send POST /dataSources" in trial.stdout, trial.stderr
    assert stand_in.sources() == []
    made = command("register", "--json")
    assert made.returncode == 0, made.stderr
    source = stand_in.sources()[0]
    assert json.loads(made.stdout)["id"] == source["id"]
    assert source["nonce"] not in made.stdout and source["jwsToken"] not in made.stdout
    listed = command("list")
    assert re.search(rf"{source['id']}\s+voice\s+active\s+in \d+ h\s+{stand_in.url}", listed.stdout), listed.stdout
    assert json.loads(command("list", "--json").stdout)["items"][0]["url"] == stand_in.url
    assert command("renew", "--dry-run").returncode == 0 and stand_in.sources()[0]["nonce"] == source["nonce"]
    assert command("renew", source["id"]).returncode == 0
    renewed = stand_in.sources()[0]
    assert renewed["nonce"] != source["nonce"] and renewed["jwsToken"] != source["jwsToken"]
    assert command("disable", "--message", "out of order").returncode == 0
    assert stand_in.sources()[0]["status"] == "disabled"
    shown = command("show")
    assert "out of order" in shown.stdout and "status:         disabled" in shown.stdout
    assert command("enable").returncode == 0 and stand_in.sources()[0]["status"] == "active"
    assert command("delete", source["id"]).returncode == 0 and stand_in.sources() == []
    token = pathlib.Path(stand_in.tokens["refreshTokenFile"]).read_text().strip()
    assert token != stand_in.tokens["refreshToken"], "each use has exchanged it"
    assert os.stat(stand_in.tokens["refreshTokenFile"]).st_mode & 0o777 == 0o600


def test_errors_say_what_to_do(tmp_path, stand_in, command):
    """What scope, domain or field is missing, in words; exit codes for scripts."""
    assert command("disable").returncode == 64
    missing = command("show", "no-such-id")
    assert missing.returncode == 1 and "404" in missing.stderr and "datasource list" in missing.stderr
    stand_in.control("/scopes", "POST", items=["spark-admin:datasource_read"])
    scope = command("register")
    assert scope.returncode == 1 and "add spark-admin:datasource_write to the Service App" in scope.stderr, scope.stderr
    stand_in.control("/scopes", "POST", items=["spark-admin:datasource_read", "spark-admin:datasource_write"])
    stand_in.control("/domains", "POST", items=["example.org"])
    domain = command("register")
    assert domain.returncode == 1 and "data exchange domains" in domain.stderr, domain.stderr
    elsewhere = command("register", domains=["example.org"])
    assert elsewhere.returncode == 78 and "data_sources.domains" in elsewhere.stderr
    assert stand_in.requests("POST /dataSources") == 2, "the last was refused before anything was sent"
    for fault, text in [
        ({"kind": "status", "status": 429, "retryAfter": 9}, "after 9 s"), ({"kind": "status", "status": 503}, "503"),
        ({"kind": "garbage"}, "cannot be understood"), ({"kind": "closed"}, "no connection"),
    ]:
        stand_in.control("/faults", "POST", path="/dataSources", times=1, **fault)
        failed = command("list")
        assert failed.returncode == 1 and text in failed.stderr, failed.stderr
    empty = tmp_path / "empty.yaml"
    empty.write_text("agents: [{id: demo, engine: {kind: demo}}]\n")
    none = run("datasource", "list", "--config", empty)
    assert none.returncode == 78 and "data_sources" in none.stderr
    os.chmod(stand_in.tokens["refreshTokenFile"], 0o644)
    open_file = command("list")
    assert open_file.returncode == 78 and "chmod 600" in open_file.stderr
    os.chmod(stand_in.tokens["refreshTokenFile"], 0o600)
    stand_in.control("/oauth/expire", "POST", refresh=True)
    ended = command("list")
    assert ended.returncode == 1 and "90 days" in ended.stderr


def test_kill_9_between_any_two_requests_loses_no_refresh_token(tmp_path, stand_in):
    """Whenever the process is killed, the next one goes on with the token in the file, though each use voids the last."""
    proxy = KillingProxy(stand_in)
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(stand_in.configuration(base_url=proxy.base_url)))

    def start(*arguments):
        return subprocess.Popen(
            [BINARY, *arguments, "--config", file], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=SURROUNDINGS, cwd=tmp_path)

    try:
        assert start("datasource", "register").wait(30) == 0
        for command, requests in [(("datasource", "renew"), 3), (("serve",), 2)]:
            for number in range(1, requests + 1):
                process = start(*command)
                proxy.kill_at(number, process.pid)
                assert process.wait(60) == -9, f"{command} was to be killed at request {number}"
                assert proxy.killed.is_set()
                after = run("datasource", "list", "--config", file)
                assert after.returncode == 0, f"{command}, request {number}: {after.stderr}"
        assert stand_in.requests("POST /access_token") >= 9
    finally:
        proxy.close()


def test_a_shorter_life_than_asked_for_is_no_loop(tmp_path, stand_in):
    """A day was asked for and two hours are granted: one registration, no renewal before its time, one warning."""
    stand_in.control("/lifetime", "POST", minutes=120)
    gateway = Gateway(tmp_path, stand_in.configuration())
    gateway.until(lambda: stand_in.sources(), "registers")
    gateway.until(lambda: "shorter life" in gateway.log, "warns")
    time.sleep(5)
    assert stand_in.requests("POST /dataSources") == 1 and stand_in.requests("PUT /dataSources/{id}") == 0
    assert gateway.log.count("shorter life") == 1
    gateway.stop()


def test_requests_are_written_as_the_configuration_says(tmp_path, stand_in):
    """The form of older documents: another path, a list for the schema, the life by its old name as a text."""
    form = {"path": "datasources", "schema_id": "list", "lifetime": "tokenLifeMinutes", "lifetime_as": "text"}
    gateway = Gateway(tmp_path, stand_in.configuration(form=form))
    source = gateway.until(lambda: stand_in.sources(), "registers")[0]
    assert source["tokenLifeMinutes"] == "1440" and isinstance(source["schemaId"], list)
    assert "tokenLifetimeMinutes" not in source
    gateway.until(lambda: "the data source has been registered" in gateway.log, "understands the answer")
    gateway.stop()


def test_an_organization_with_both_wires(tmp_path, stand_in):
    """Two data sources, each with its schema and URL, registered by hand and renewed by the server; each wire accepts
    the token of its own alone."""
    origin = "wss://voice.example.com"
    settings = stand_in.configuration(websocket=dict(
        client_id=stand_in.facts["clientID"],
        client_secret_file=os.path.abspath(stand_in.facts["clientSecretFile"]),
        refresh_token_file=os.path.abspath(stand_in.tokens["refreshTokenFile"]), domains=["voice.example.com"]))
    tenants = settings["identity"]["tenants"]
    tenants.append(tenants[0] | {"url": origin})
    settings["websocket"] = {"address": "127.0.0.1:0"}
    settings = json.loads(json.dumps(settings))  # without what YAML would write as an alias
    file = tmp_path / "patchbay.yaml"
    file.write_text(yaml.safe_dump(settings))

    def command(*arguments):
        return run("datasource", *arguments, "--config", file)

    which = command("register", "--org", "Example")
    assert which.returncode == 64 and f"--url: {stand_in.url}, {origin}" in which.stderr, which.stderr
    made = command("register", "--url", origin)
    assert made.returncode == 0 and "voice-websocket (a38a10b7-" in made.stdout, made.stderr
    shown = command("show", "--url", origin, "--json")
    fields = json.loads(shown.stdout)
    assert (fields["schemaId"], fields["url"]) == (SOCKET_SCHEMA, origin), shown.stdout
    before = stand_in.sources()[0]["nonce"]
    assert command("renew", "--url", origin).returncode == 0 and stand_in.sources()[0]["nonce"] != before

    gateway = Gateway(tmp_path, settings)
    address = gateway.printed("websocket on")
    gateway.until(lambda: len(stand_in.sources()) == 2, "registers the other one")
    left = r"patchbay_datasource_seconds_left{[^}]*a38a10b7[^}]*} \d+"
    gateway.until(lambda: re.search(left, gateway.get("/metrics")[1]), "looks after the one that was there")
    tokens = {source["schemaId"]: source["jwsToken"] for source in stand_in.sources()}
    assert set(tokens) == {SOCKET_SCHEMA, VOICE_SCHEMA}

    def greeted():
        with SocketCaller(address, tokens[SOCKET_SCHEMA], stand_in.org) as caller:
            return caller.start()

    assert greeted().final["input_mode"]
    with pytest.raises(InvalidStatus, match="401"):
        SocketCaller(address, tokens[VOICE_SCHEMA], stand_in.org)
    with gateway.channel() as channel:
        refused = Caller(channel, tokens[SOCKET_SCHEMA], stand_in.org, "demo").event(1)
        assert refused.done.wait(5) and refused.code.name == "UNAUTHENTICATED"
    # The server renews the one of the origin, and Webex calls with the new token.
    source = next(s for s in stand_in.sources() if s["schemaId"] == SOCKET_SCHEMA)
    assert command("renew", "--url", origin).returncode == 0
    tokens = {source["schemaId"]: source["jwsToken"] for source in stand_in.sources()}
    gateway.until(lambda: can_call(greeted), "accepts the new token of the origin")
    assert next(s for s in stand_in.sources() if s["schemaId"] == SOCKET_SCHEMA)["nonce"] != source["nonce"]
    gateway.stop()


def can_call(greeted):
    try:
        return greeted()
    except InvalidStatus:
        return None


def test_a_tenant_that_is_reloaded_is_registered(tmp_path, stand_in):
    """A `data_source` that is added to the configuration of a running server is registered without a restart."""
    configuration = stand_in.configuration()
    added = configuration["identity"]["tenants"][0].pop("data_source")
    server = Gateway(tmp_path, configuration)
    try:
        assert stand_in.sources() == []
        configuration["identity"]["tenants"][0]["data_source"] = added
        (tmp_path / "configuration.yaml").write_text(yaml.safe_dump(configuration, sort_keys=False))
        server.until(lambda: "has been registered" in server.log, "registers the data source")
        assert stand_in.sources()[0]["url"] == stand_in.url
    finally:
        server.stop()


def test_two_servers_renew_and_one_takes_over(tmp_path, stand_in):
    """One of two registers; it is killed -9; the other renews in time, and takes the token before and the one after."""
    lease = {"file": str(tmp_path / "lease"), "expiry": "30s", "announcement": "3s"}
    configuration = stand_in.configuration(lifetime="1m", lease=lease, check="10s")
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one = Gateway(folders[0], configuration)
    two = None
    try:
        one.until(lambda: "has been registered" in one.log, "registers the data source")
        two = Gateway(folders[1], configuration)
        two.until(lambda: "another server looks after" in two.log, "sees whose the lease is")
        first = stand_in.sources()[0]

        def takes(server, source):
            file = tmp_path / "token"
            file.write_text(source["jwsToken"])
            made = run("call", "--target", server.address, "--token", file, "--digits", "5", seconds=60)
            return made.returncode == 0

        assert takes(one, first) and takes(two, first)
        one.process.kill()
        one.wait()
        two.until(lambda: "this server looks after" in two.log, "takes the lease over", 60)
        two.until(lambda: "has been renewed" in two.log, "renews", 60)
        second = stand_in.sources()[0]
        assert second["id"] == first["id"] and second["nonce"] != first["nonce"]
        assert takes(two, second)
        metrics = two.get("/metrics")[1]
        left = re.search(r"^patchbay_datasource_seconds_left\{.*?\} ([\d.]+)", metrics, re.M)
        assert left and 0 < float(left[1]) <= 60, metrics
        assert "patchbay_datasource_lease_held 1" in metrics
        registered = json.loads(two.get("/status")[1])["registrations"]
        assert [one["state"] for one in registered] == ["active"] and 0 < registered[0]["secondsLeft"] <= 60
        for secret in (first["nonce"], second["nonce"], stand_in.facts["clientSecret"]):
            assert secret not in one.log + two.log
    finally:
        for server in (one, two):
            if server and server.process.poll() is None:
                if server is two:
                    began = time.monotonic()
                    server.stop()
                    assert SLOW or time.monotonic() - began < 10
                else:
                    server.process.kill()
                    server.wait()
