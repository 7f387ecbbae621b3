"""A configuration that changes while calls are up."""

import os
import re
import time

import grpc
import pytest
import yaml

from caller import Caller
from conftest import TENANT_A, TENANT_B, agent, configuration
from gateway import SLOW
from schemas import CUSTOM_EVENT, LIST_VIRTUAL_AGENTS, SESSION_START, voice

TENANT_C = {
    "org": "33333333-cccc-4333-8333-333333333333", "name": "Gamma", "url": "https://voice.gamma.example.com",
    "nonce": "nonce-of-gamma",
}


def tenant(of, **more):
    return {"org": of["org"], "name": of["name"], "url": of["url"]} | more


def dialogue(name, steps=9):
    """A script in which each key leads one step on, and each step says whose it is and which."""
    states = {
        f"s{n}": {"say": {"text": f"{name} {n}"}, "digits": {"1": f"s{n + 1}" if n < steps else "s1"}}
        for n in range(1, steps + 1)
    }
    return yaml.safe_dump({"start": "s1", "states": states}, sort_keys=False)


def scripted(folder, name, **more):
    """An agent with a dialogue of its own."""
    script = folder / f"{name}.yaml"
    script.write_text(dialogue(name))
    return agent(name, "wav", {"kind": "scripted", "script": str(script)}, **more)


def agents_of(channel, token, org):
    call = channel.unary_unary(
        LIST_VIRTUAL_AGENTS, voice.ListVARequest.SerializeToString, voice.ListVAResponse.FromString)
    answer = call(voice.ListVARequest(customer_org_id=org), metadata=[("authorization", token)], timeout=5)
    return {a.virtual_agent_id: a.virtual_agent_name for a in answer.virtual_agents}


def metric(gateway, name):
    """The value of a metric, labels and all."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", gateway.get("/metrics")[1], re.M)
    return float(found[1]) if found else 0.0


def refused(caller, code):
    interaction = caller.event(SESSION_START)
    assert interaction.done.wait(10) and interaction.code is grpc.StatusCode[code], interaction.code


def identity(issuer, *tenants, **more):
    return {"issuers": [{"issuer": issuer.name, "keys_url": issuer.keys_url}], "tenants": list(tenants)} | more


@pytest.fixture
def desk(tmp_path):
    return scripted(tmp_path, "desk", default=True)


def test_tenants_and_agents_come_change_and_go_with_calls_up(own_gateway, issuer, desk, tmp_path):
    """A live conversation keeps its tenant and its agent; what is new meets what the new file says."""
    night = scripted(tmp_path, "night")
    changes = {
        "identity": identity(issuer, tenant(TENANT_A), tenant(TENANT_B)),
        "agents": [desk, night],
    }
    gateway = own_gateway(**changes)
    a, b, c = (issuer.token(t) for t in (TENANT_A, TENANT_B, TENANT_C))
    moved = TENANT_A | {"url": "https://moved.alpha.example.com"}
    with gateway.channel() as channel:
        alpha = Caller(channel, a, TENANT_A["org"], "night")
        beta = Caller(channel, b, TENANT_B["org"], "desk")
        assert alpha.start().text == "night 1" and beta.start().text == "desk 1"
        line = alpha.listen()
        refused(Caller(channel, c, TENANT_C["org"]), "UNAUTHENTICATED")

        gateway.reload(configuration(
            issuer, identity=identity(issuer, tenant(moved), tenant(TENANT_C)),
            agents=[desk | {"name": "The desk"}, scripted(tmp_path, "new")]))

        # What is up goes on: the agent that is gone, the tenant that is gone, the registration that is gone.
        assert not line.done.is_set(), "an RPC that is open"
        line.half_close().wait()
        assert alpha.press("1").text == "night 2" and beta.press("1").text == "desk 2"
        # What is new meets the new file.
        refused(Caller(channel, b, TENANT_B["org"], "desk"), "UNAUTHENTICATED")
        refused(Caller(channel, a, TENANT_A["org"], "desk"), "UNAUTHENTICATED")
        with pytest.raises(grpc.RpcError):
            agents_of(channel, b, TENANT_B["org"])
        new = issuer.token(moved)
        refused(Caller(channel, new, TENANT_A["org"], "night"), "NOT_FOUND")
        assert Caller(channel, new, TENANT_A["org"], "new").start().text == "new 1"
        assert agents_of(channel, c, TENANT_C["org"]) == {"desk": "The desk", "new": "Agent new"}
        # The live conversation goes on with the new registration's token, too.
        alpha.token = new
        assert alpha.press("1").text == "night 3"
        for caller in (alpha, beta):
            caller.hang_up()
        refused(beta, "UNAUTHENTICATED")
    said = next(x for x in gateway.log.splitlines() if '"the configuration was read again"' in x)
    for words in ('"tenants_added":"Alpha, Gamma"', '"tenants_removed":"Alpha, Beta"', '"agents_added":"new"',
                  '"agents_removed":"night"', '"agents_changed":"desk"'):
        assert words in said, f"{words} in {said}"
    assert metric(gateway, 'patchbay_configuration_reloads_total{result="ok"}') == 1
    assert metric(gateway, "patchbay_tenants") == 2
    assert abs(metric(gateway, "patchbay_configuration_loaded_timestamp_seconds") - time.time()) < 60


def in_place(file, text):
    file.write_text(text)


def by_rename(file, text):
    new = file.with_suffix(".tmp")
    new.write_text(text)
    new.rename(file)


def by_link(file, text):
    """As Kubernetes does: a new folder, and a link that leads to it."""
    folder = file.parent / f"version-{time.monotonic_ns()}"
    folder.mkdir()
    (folder / file.name).write_text(text)
    link = file.parent / "link.tmp"
    link.symlink_to(folder / file.name)
    os.replace(link, file)


@pytest.mark.parametrize("replace", [in_place, by_rename, by_link])
def test_a_script_that_changes(own_gateway, issuer, desk, tmp_path, replace):
    """A script is read again however it is replaced; a live conversation goes on with the old one."""
    gateway = own_gateway(agents=[desk])
    token = issuer.token(TENANT_A)
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"])
        caller.start()
        before = gateway.log.count("the configuration was read again")
        replace(tmp_path / "desk.yaml", dialogue("changed"))
        gateway.until(lambda: gateway.log.count("the configuration was read again") > before, "reads the script")
        assert '"files_changed_of":"desk"' in gateway.log
        assert caller.press("1").text == "desk 2"
        assert Caller(channel, token, TENANT_A["org"]).start().text == "changed 1"


def test_sighup(own_gateway, issuer, desk):
    """SIGHUP reads the file again, changed or not."""
    gateway = own_gateway(agents=[desk])
    gateway.reload()
    assert "the configuration was read again: nothing has changed" in gateway.log
    with gateway.channel() as channel:
        assert Caller(channel, issuer.token(TENANT_A), TENANT_A["org"]).start().text == "desk 1"


def test_a_bad_file_is_refused_as_a_whole(own_gateway, issuer, desk, tmp_path):
    """R16: the old configuration stays, the mistake is reported with its line, and the server stays ready."""
    good = configuration(issuer, agents=[desk])
    gateway = own_gateway(agents=[desk])
    # The new tenant is good and comes first; the mistake is in the agents.
    bad = configuration(
        issuer, identity=identity(issuer, tenant(TENANT_C)), agents=[desk, agent("x", "wav", {"kind": "demon"})])
    text = yaml.safe_dump(bad, sort_keys=False)
    line = 1 + text[:text.index("demon")].count("\n")
    mistakes = [text, text.replace("demon", "scripted\n    script: bad.yaml"), "agents: ["]
    (gateway.file.parent / "bad.yaml").write_text("start: nowhere\nstates: {}\n")
    with gateway.channel() as channel:
        for number, mistake in enumerate(mistakes, 1):
            gateway.write(mistake)
            gateway.until(
                lambda: metric(gateway, 'patchbay_configuration_reloads_total{result="refused"}') == number,
                "counts a refused configuration")
            assert metric(gateway, "patchbay_configuration_file_refused") == 1
            assert gateway.get("/readyz")[0] == 200
            assert Caller(channel, issuer.token(TENANT_A), TENANT_A["org"]).start().text == "desk 1"
            refused(Caller(channel, issuer.token(TENANT_C), TENANT_C["org"]), "UNAUTHENTICATED")
        log = gateway.log
        assert f"{gateway.file}:{line}:" in log and "did you mean demo?" in log, log[-2000:]
        assert re.search(r"bad\.yaml:\d+", log), "the script's own line"
        gateway.reload(good | {"logging": {"level": "info", "format": "json"}})
        assert metric(gateway, "patchbay_configuration_file_refused") == 0


def test_what_needs_a_restart_is_named(own_gateway, issuer, desk):
    """R16: what cannot change while the server runs is named; the rest of the file takes effect."""
    gateway = own_gateway(agents=[desk])
    gateway.reload(configuration(
        issuer, agents=[desk | {"name": "Renamed"}], listen={"address": "127.0.0.1:1", "queues": 2},
        admin={"address": "127.0.0.1:2"}))
    said = gateway.until(
        lambda: next((x for x in gateway.log.splitlines() if "needs a restart" in x), None), "names what needs a restart")
    assert '"listen.address, listen.queues, admin.address"' in said
    with gateway.channel() as channel:
        assert agents_of(channel, issuer.token(TENANT_A), TENANT_A["org"]) == {"desk": "Renamed"}


def test_the_level_of_the_log(own_gateway, issuer, desk):
    """`logging.level` changes while the server runs."""
    quiet = {"level": "warning", "format": "json"}
    gateway = own_gateway(agents=[desk], logging=quiet)
    with gateway.channel() as channel:
        Caller(channel, issuer.token(TENANT_A), TENANT_A["org"]).start()
        assert "conversation started" not in gateway.log
        gateway.write(configuration(issuer, agents=[desk], logging=quiet | {"level": "debug"}))
        gateway.until(lambda: "the configuration was read again" in gateway.log, "logs at the new level")
        Caller(channel, issuer.token(TENANT_A), TENANT_A["org"]).start()
        gateway.until(lambda: "conversation started" in gateway.log, "logs a call")


def test_a_tenant_s_own_limit(own_gateway, issuer, desk):
    """H14: an organization's limit is its own, for all of its data sources together, and may be raised."""
    second = TENANT_A | {"url": "https://second.alpha.example.com"}

    def limited(count):
        return identity(
            issuer, tenant(TENANT_A, limits={"conversations": count}), tenant(second), tenant(TENANT_B))

    gateway = own_gateway(agents=[desk], identity=limited(2))
    with gateway.channel() as channel:
        first = Caller(channel, issuer.token(TENANT_A), TENANT_A["org"])
        first.start()
        Caller(channel, issuer.token(second), TENANT_A["org"]).start()
        for of in (TENANT_A, second):
            refused(Caller(channel, issuer.token(of), TENANT_A["org"]), "RESOURCE_EXHAUSTED")
        for _ in range(3):
            Caller(channel, issuer.token(TENANT_B), TENANT_B["org"]).start()
        gateway.reload(configuration(issuer, agents=[desk], identity=limited(3)))
        Caller(channel, issuer.token(second), TENANT_A["org"]).start()
        refused(Caller(channel, issuer.token(TENANT_A), TENANT_A["org"]), "RESOURCE_EXHAUSTED")
        gateway.reload(configuration(issuer, agents=[desk], identity=limited(1)))
        assert first.press("1").text == "desk 2", "a lower limit ends no conversation"


def seconds_until_refused(channel, token, act):
    """Acts, and gives the seconds until a new RPC with the token is refused."""
    caller = Caller(channel, token, TENANT_A["org"])
    began = time.monotonic()
    act()
    while time.monotonic() - began < 20:
        interaction = caller.event(CUSTOM_EVENT)
        assert interaction.done.wait(10)
        if interaction.code is grpc.StatusCode.UNAUTHENTICATED:
            return time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError("the token is still taken")


@pytest.mark.measured
@pytest.mark.parametrize("how", ["file", "configuration", "admin port"])
def test_revocation(own_gateway, issuer, desk, how):
    """J19: a revoked (org, nonce) is refused within a second for new RPCs, of live conversations too; others are not."""
    gateway = own_gateway(agents=[desk])
    folder = gateway.file.parent
    revoked, secret = folder / "revoked.txt", folder / "admin.token"
    revoked.write_text("# none yet")
    secret.touch(0o600)
    secret.write_text("open sesame\n")
    admin = {"address": "127.0.0.1:0", "token_file": "admin.token"} if how == "admin port" else {"address": "127.0.0.1:0"}
    whole = identity(issuer, tenant(TENANT_A), tenant(TENANT_B), revocations_file="revoked.txt")
    gateway.reload(configuration(issuer, agents=[desk], identity=whole, admin=admin))
    token, other = issuer.token(TENANT_A), issuer.token(TENANT_A, jti="another nonce")

    def by_file():
        with revoked.open("a") as file:
            file.write(f"\n{TENANT_A['org']} {TENANT_A['nonce']}\n")

    def by_configuration():
        entry = {"org": TENANT_A["org"], "nonce": TENANT_A["nonce"]}
        gateway.write(configuration(issuer, agents=[desk], identity=whole | {"revoked": [entry]}, admin=admin))

    def by_admin_port():
        body = f'{{"org": "{TENANT_A["org"]}", "nonce": "{TENANT_A["nonce"]}"}}'
        assert gateway.post("/revocations", body)[0] == 401
        assert gateway.post("/revocations", body, "wrong")[0] == 401
        assert gateway.post("/revocations", "{}", "open sesame")[0] == 400
        assert gateway.post("/revocations", body, "open sesame") == (200, '{"revoked":true,"kept":true}\n')

    with gateway.channel() as channel:
        live = Caller(channel, token, TENANT_A["org"])
        live.start()
        line = live.listen()
        assert Caller(channel, token, TENANT_A["org"]).start(), "the token is in the cache of verified ones"
        act = {"file": by_file, "configuration": by_configuration, "admin port": by_admin_port}[how]
        took = seconds_until_refused(channel, token, act)
        print(f"revoked by {how}: refused after {took:.3f} s")
        assert took < (10 if SLOW else 1)
        assert not line.done.is_set(), "J26: an RPC that is open goes on"
        refused(live, "UNAUTHENTICATED")
        Caller(channel, other, TENANT_A["org"]).start()
        Caller(channel, issuer.token(TENANT_B), TENANT_B["org"]).start()
        # A file that cannot be used takes nothing back; one that has come to rest does.
        if how != "configuration":
            assert f"{TENANT_A['org']} {TENANT_A['nonce']}" in revoked.read_text().splitlines()
            revoked.write_text("nonsense\n")
            gateway.until(lambda: "the file of revocations is refused" in gateway.log, "refuses the file")
            refused(Caller(channel, token, TENANT_A["org"]), "UNAUTHENTICATED")
            revoked.write_text("")
            gateway.until(lambda: '"count":"0"' in gateway.log, "takes the revocation back")
            Caller(channel, token, TENANT_A["org"]).start()
    assert TENANT_A["nonce"] not in gateway.log
