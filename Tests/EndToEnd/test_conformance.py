"""`patchbay conformance`: finds each fault of a server that is not ours, and none where there is none."""

import concurrent.futures
import json
import xml.etree.ElementTree

import pytest
from cryptography.hazmat.primitives import serialization

from byova_server import FAULTS, ByovaServer
from conftest import TENANT_A, TENANT_B
from gateway import run
from speech import ROOT
from speech import ROOT
from speech import ROOT


@pytest.fixture(scope="module")
def server(issuer):
    server = ByovaServer(issuer)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def files(tmp_path_factory, issuer):
    """Tokens of both tenants and the issuer's key."""
    folder = tmp_path_factory.mktemp("conformance")
    (folder / "token").write_text(issuer.token(TENANT_A))
    (folder / "second").write_text(issuer.token(TENANT_B))
    (folder / "key").write_bytes(issuer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    for file in folder.iterdir():
        file.chmod(0o600)
    return folder


def judged(address, agent, files, *options, seconds=90):
    """What conformance says of an agent: its exit code, and the findings by rule."""
    result = run(
        "conformance", "--target", address, "--agent", agent, "--token", files / "token", "--key", files / "key",
        "--second-token", files / "second", "--transfer", "0", "--end", "9", "--json", *options, seconds=seconds)
    assert result.returncode in (0, 1), result.stderr
    return result.returncode, {f["rule"]["id"]: f for f in json.loads(result.stdout)["findings"]}


def broken(findings):
    return {name: (f["seen"], f["evidence"]) for name, f in findings.items() if f["verdict"] == "failed"}


@pytest.mark.parametrize("agent", ["clean", "clean-chunk"])
def test_a_clean_server_breaks_no_rule(server, files, agent, tmp_path):
    code, findings = judged(
        f"127.0.0.1:{server.port}", agent, files, "--calls", 32, "--junit", tmp_path / "junit.xml", "--report",
        tmp_path / "report.html")
    assert (code, broken(findings)) == (0, {})
    page = (ROOT / "Docs/conformance.md").read_text()
    assert [name for name in findings if f"| `{name}` |" not in page] == []
    passed = {name for name, f in findings.items() if f["verdict"] == "passed"}
    assert {rule for _, rule in FAULTS.values()} - passed <= {
        # Rules of the other response mode.
        "prompt.wav", "chunk.size", "chunk.raw", "chunk.closing-final", "answer.final-is-last"}
    suite = xml.etree.ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert int(suite.get("tests")) == len(findings) and suite.get("failures") == "0"
    assert "<script" not in (tmp_path / "report.html").read_text()


def test_each_fault_is_found(server, files):
    """Each fault breaks the rule that it is named with, and its report shows the messages."""
    def look(fault):
        case, rule = FAULTS[fault]
        return fault, rule, *judged(f"127.0.0.1:{server.port}", fault, files, "--only", case)

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        found = list(pool.map(look, FAULTS))
    missed = {fault: broken(findings) for fault, rule, code, findings in found if rule not in broken(findings) or not code}
    assert missed == {}
    assert [fault for fault, rule, _, findings in found if not findings[rule]["evidence"]] == []


@pytest.mark.parametrize("agent", ["demo-wav", "demo-chunk"])
def test_our_own_server_breaks_no_rule(plain_gateway, files, agent):
    code, findings = judged(plain_gateway.address, agent, files, "--calls", 32)
    assert (code, broken(findings)) == (0, {})
    skipped = {name for name, f in findings.items() if f["verdict"] == "skipped"}
    assert skipped <= {"prompt.wav", "chunk.size", "chunk.raw", "chunk.closing-final", "answer.final-is-last"}


def test_usage(tmp_path):
    assert run("conformance", "--only", "singing").returncode == 64
    assert run("conformance", "--transfer", "file.wav").returncode == 64
    assert "token: expired" in run("conformance", "--list-cases").stdout
    nobody = run("conformance", "--target", "127.0.0.1:1", "--token", tmp_path / "none")
    assert nobody.returncode == 1 and "no token file" in nobody.stderr
