"""S1: what servers and processes tell one another of a call is in nothing that they write down or answer."""

import json
import re

import pytest

from cluster import Cluster, SpreadCaller
from conftest import TENANT_A
from gateway import run
from speech import recorded

ADMIN_TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def servers(request, own_gateway, tmp_path):
    """One server of three processes, or two servers that share a Redis."""
    secret = tmp_path / "admin.token"
    secret.write_text(ADMIN_TOKEN)
    secret.chmod(0o600)
    admin = {"address": "127.0.0.1:0", "token_file": str(secret), "phone": True}
    if request.param == "processes":
        yield [own_gateway(listen={"address": "127.0.0.1:0", "processes": 3}, admin=admin)]
        return
    cluster = Cluster(own_gateway, tmp_path)
    yield cluster.start(2, admin=admin)
    cluster.redis.kill()


@pytest.mark.parametrize("servers", ["processes", "servers"], indirect=True)
def test_nothing_private_is_told(servers, issuer):
    """RPCs that were handed on, the calls that are shown for others, the list of servers, and the phone's page."""
    canaries = {"digits": "4929123412341234", "info": "canary-info-6b1f", "vendor": "canary-vendor-90ac",
                "parameter": "canary-parameter-33d2", "nonce": TENANT_A["nonce"]}
    token = issuer.token(TENANT_A, canary="canary-claim-77e0")
    callers = [SpreadCaller(servers * (12 // len(servers)), token, agent, additional_info={"card": canaries["info"]},
                            vendor_specific_config=canaries["vendor"]) for agent in ("script-wav", "demo-wav")]
    for caller in callers:
        caller.start()
        caller.press("2")
        caller.press(canaries["digits"])
    callers[1].custom_event("x", {"secret": canaries["parameter"]})
    callers[1].speak(recorded("vm-theperson"))
    callers[1].hang_up()
    def read(server, path):
        status, text = server.get(path, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
        assert status == 200, (path, text)
        return text

    written = ""
    for server in servers:
        shown = json.loads(read(server, "/status"))
        stories = [f"/status/calls/{call['id']}" for call in shown["calls"] + shown["endedCalls"]]
        finds = [f"/status/find/{caller.conversation}" for caller in callers]
        pages = ["/", "/metrics", "/readyz", "/status"]
        if len(servers) > 1:  # several processes have neither phone nor history
            pages += ["/phone", "/status/phone/directory", "/status/history/3600"]
        written += "".join(read(server, path) for path in [*pages, *stories, *finds])
        listed = run("cluster", "status", "--config", server.file, "--admin", server.admin, "--json")
        assert json.loads(listed.stdout)["servers"], listed.stderr
        written += listed.stdout + listed.stderr
    assert callers[0].conversation in written, "the live call is shown"
    assert re.search(r'^patchbay_relayed_rpcs_total{direction="out"} [1-9]', written, re.M), "no RPC was handed on"
    for server in servers:
        server.stop()
        written += server.log
    for caller in callers:
        caller.close()
    for what, canary in canaries.items():
        assert canary not in written, f"{what} in: {next(x for x in written.splitlines() if canary in x)}"
    assert not re.search(r"\D{1,3}".join("4929123412"), written), "digits one by one"
    for secret in (*token.split("."), "canary-claim-77e0", ADMIN_TOKEN):
        assert secret not in written
