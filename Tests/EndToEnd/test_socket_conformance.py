"""`patchbay conformance` over WebSocket: finds each fault of a server that is not ours, and none where there is none."""

import concurrent.futures
import json

import pytest
from cryptography.hazmat.primitives import serialization

from byova_sockets import FAULTS, URL, SocketServers
from conftest import TENANT_A
from gateway import run
from socket_caller import SOCKET_SCHEMA
from speech import ROOT


@pytest.fixture(scope="module")
def servers(issuer):
    servers = SocketServers(issuer)
    yield servers
    servers.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory, issuer):
    """The token and the issuer's key."""
    folder = tmp_path_factory.mktemp("conformance")
    (folder / "token").write_text(
        issuer.token(TENANT_A | {"url": URL}, **{"com.cisco.datasource.schema.uuid": SOCKET_SCHEMA}))
    (folder / "key").write_bytes(issuer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    for file in folder.iterdir():
        file.chmod(0o600)
    return folder


def judged(url, files, *options):
    result = run(
        "conformance", "--target", url, "--agent", "clean", "--token", files / "token", "--key", files / "key",
        "--transfer", "0", "--end", "9", "--json", *options, seconds=90)
    assert result.returncode in (0, 1), result.stderr
    return result.returncode, {f["rule"]["id"]: f for f in json.loads(result.stdout)["findings"]}


def broken(findings):
    return {name: (f["seen"], f["evidence"]) for name, f in findings.items() if f["verdict"] == "failed"}


def test_a_clean_server_breaks_no_rule(servers, files):
    code, findings = judged(servers.url("clean"), files, "--calls", 32)
    assert (code, broken(findings)) == (0, {})
    passed = {name for name, f in findings.items() if f["verdict"] == "passed"}
    assert passed >= {name for name in findings if name.startswith("socket.")} | {rule for _, rule in FAULTS.values()}
    page = (ROOT / "Docs/conformance.md").read_text()
    assert [name for name in findings if f"| `{name}` |" not in page] == []


def test_each_fault_is_found(servers, files):
    """Each fault breaks the rule that it is named with, and its report shows the messages."""
    def look(fault):
        case, rule = FAULTS[fault]
        return fault, rule, *judged(servers.url(fault), files, "--only", case)

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        found = list(pool.map(look, FAULTS))
    missed = {
        fault: broken(findings) for fault, rule, code, findings in found if rule not in broken(findings) or not code}
    assert missed == {}
    assert [fault for fault, rule, _, findings in found if not findings[rule]["evidence"]] == []
