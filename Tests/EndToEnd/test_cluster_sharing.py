"""What is one for all servers of a cluster: limits of tenants, revocations, the renewal lease, the list of servers."""

import json
import time

import grpc
import pytest
import yaml

from caller import Caller
from cluster import Cluster
from conftest import TENANT_A
from gateway import SLOW, Gateway, run
from schemas import SESSION_START
from standin import StandIn


@pytest.fixture
def cluster(own_gateway, tmp_path):
    made = Cluster(own_gateway, tmp_path)
    yield made
    made.redis.kill()


def status(server):
    return json.loads(server.get("/status")[1])


def calls_of(server):
    """The live calls that a server knows of, at each server by its address."""
    return {one["address"]: one["liveCalls"] for one in status(server)["cluster"]["servers"]}


def until_known(servers, live):
    for server in servers:
        server.until(lambda server=server: sorted(calls_of(server).values()) == live, f"knows of calls {live}")


def test_a_limit_of_all_servers(cluster, token, expect):
    """Three calls are the limit: with three at one server the other takes none, until Redis is gone."""
    servers = cluster.start(2, limits={"conversations_per_tenant": 3})
    until_known(servers, [0, 0])
    channels = [server.channel() for server in servers]
    callers = [Caller(channels[0], token, TENANT_A["org"], "demo-wav") for _ in range(3)]
    for caller in callers:
        # What is left is divided, and read again soon: the third call may come too early for its place.
        servers[0].until(lambda caller=caller: attempt(caller), "takes the call")
    until_known(servers, [0, 3])
    callers[1].press("73519264")
    refused = Caller(channels[1], token, TENANT_A["org"], "demo-wav")
    expect(refused.event(SESSION_START), "RESOURCE_EXHAUSTED")
    assert [one["server"] for one in status(servers[1])["otherCalls"]] == [
        address for address, live in calls_of(servers[0]).items() if live == 3] * 3
    for server in servers:  # S1: neither the server itself nor what it tells the other
        assert "73519264" not in json.dumps(status(server)) + server.log
    callers[0].hang_up()
    until_known(servers, [0, 2])
    servers[1].until(lambda: attempt(refused), "takes a call again")

    cluster.redis.kill()
    servers[1].until(lambda: "trouble" in status(servers[1])["cluster"], "says that the others are not known")
    alone = Caller(channels[1], token, TENANT_A["org"], "demo-wav")
    servers[1].until(lambda: attempt(alone), "counts its own calls alone")
    verdict = status(servers[1])["verdict"]
    assert any("counts its own calls alone" in point["text"] for point in verdict["points"]), verdict
    for channel in channels:
        channel.close()


def attempt(caller):
    """Whether the call began."""
    interaction = caller.event(SESSION_START)
    interaction.done.wait(10)
    return interaction.code is grpc.StatusCode.OK


def test_a_revocation_at_one_server_counts_at_all(cluster, issuer, tmp_path):
    (tmp_path / "admin.token").touch(0o600)
    (tmp_path / "admin.token").write_text("open sesame\n")
    admin = {"address": "127.0.0.1:0", "token_file": str(tmp_path / "admin.token")}
    servers = cluster.start(2, admin=admin)
    token = issuer.token(TENANT_A)
    body = json.dumps({"org": TENANT_A["org"], "nonce": TENANT_A["nonce"]})
    with servers[1].channel() as channel:
        Caller(channel, token, TENANT_A["org"], "demo-wav").start()
        began = time.monotonic()
        assert servers[0].post("/revocations", body, "open sesame") == (
            200, '{"revoked":true,"kept":false,"told":true}\n')

        def is_refused():
            interaction = Caller(channel, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
            interaction.done.wait(10)
            return interaction.code is grpc.StatusCode.UNAUTHENTICATED

        servers[1].until(is_refused, "refuses the token")
        took = time.monotonic() - began
        print(f"refused at the other server after {took:.3f} s")
        assert took < (10 if SLOW else 2)


def test_cluster_status(cluster, tmp_path):
    """The table, JSON, a server that is gone, and a Redis that is."""
    servers = cluster.start(2)
    until_known(servers, [0, 0])
    file = tmp_path / "status.yaml"
    file.write_text(yaml.safe_dump({
        "agents": [{"id": "demo", "engine": {"kind": "demo"}}], "cluster": cluster.settings()}))

    def asked(*options):
        return run("cluster", "status", "--config", str(file), *options)

    servers[0].until(lambda: asked().stdout.count(" ready ") == 2, "shows that both are ready")
    shown = asked()
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines()[0].split()[:4] == ["SERVER", "STATE", "CALLS", "OWNED"]
    assert "2 servers, 0 live calls" in shown.stdout
    listed = json.loads(asked("--json").stdout)["servers"]
    assert sorted(calls_of(servers[0])) == [one["address"] for one in listed]
    assert asked("--admin", servers[0].admin).returncode == 0

    servers[1].process.kill()
    servers[1].wait()
    servers[0].until(lambda: "silent" in asked().stdout, "shows the server that is gone")
    assert asked().returncode == 1
    cluster.redis.kill()
    gone = asked()
    assert gone.returncode == 1 and "Redis is not reachable" in gone.stderr, gone.stderr
    servers[0].until(lambda: "Redis" in asked("--admin", servers[0].admin).stderr, "says that the list is old")
    file.write_text(yaml.safe_dump({"agents": [{"id": "demo", "engine": {"kind": "demo"}}]}))
    missing = asked()
    assert missing.returncode == 78 and "there is no `cluster`" in missing.stderr


def test_the_lease_in_redis(cluster, tmp_path):
    """One of two servers registers; it ends, and the other has the lease at once, and knows the nonces."""
    stand_in = StandIn(tmp_path / "webex", "--refresh-tokens", "at-once")
    lease = {"redis": True, "expiry": "30s", "announcement": "0s"}
    configuration = stand_in.configuration(lifetime="10m", lease=lease, check="10s") | {"cluster": cluster.settings()}
    servers = []
    try:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            servers.append(Gateway(tmp_path / name, configuration))
            if name == "one":
                servers[0].until(lambda: "has been registered" in servers[0].log, "registers the data source")
        one, two = servers
        two.until(lambda: "another server looks after" in two.log, "sees whose the lease is")
        assert cluster.redis.ask("EXISTS", "patchbay:lease:data-sources") == ":1"
        one.stop()
        two.until(lambda: "this server looks after" in two.log, "takes the lease over", 20)
        file = tmp_path / "token"
        file.write_text(stand_in.sources()[0]["jwsToken"])
        made = run("call", "--target", two.address, "--token", file, "--digits", "5", seconds=60)
        assert made.returncode == 0, made.stderr
    finally:
        stand_in.close()
        for server in servers:
            if server.process.poll() is None:
                server.process.kill()
                server.wait()
