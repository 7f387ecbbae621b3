"""`patchbay conformance`: finds each fault of a server that is not ours, and none where there is none."""

import concurrent.futures
import json
import xml.etree.ElementTree

import pytest
from cryptography.hazmat.primitives import serialization

from byova_server import FAULTS, ByovaServer
from conftest import TENANT_A, TENANT_B
from gateway import run
from speech import ROOT, SOUNDS


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


def test_scenarios(server, plain_gateway, files, tmp_path):
    """A partner's scenario is played beside the cases; what it expects is judged as rules of its own."""
    example = ROOT / "Scripts/examples/conformance"
    code, findings = judged(plain_gateway.address, "demo-wav", files, "--scenario", example, "--scenarios-only")
    assert (code, broken(findings)) == (0, {})
    kept = [name for name in findings if name.startswith("scenario.")]
    assert kept == [f"scenario.front-door.{number}" for number in range(4)]
    assert all(findings[name]["verdict"] == "passed" for name in kept)
    assert findings["turn.answered"]["cases"] == ["scenario: front-door"] and findings["token.forged"]["cases"] == []
    # A server that does not do what is expected, and a call that is not over.
    (tmp_path / "Ends at once.yaml").write_text(
        "scenario: 1\nagent: clean\notherwise: The caller waits.\nturns:\n  - keys: \"5\"\n    expect: {ends: end}\n")
    code, findings = judged(f"127.0.0.1:{server.port}", "nobody", files, "--scenario", tmp_path, "--only",
                            "scenario: ends-at-once", "--junit", tmp_path / "junit.xml")
    assert code == 1 and list(broken(findings)) == ["scenario.ends-at-once.1"]
    finding = findings["scenario.ends-at-once.1"]
    assert finding["seen"] == "expected ends: end: none" and finding["evidence"], finding
    assert finding["rule"]["source"].endswith("Ends at once.yaml:5")
    assert finding["rule"]["consequence"] == "The caller waits."
    suite = xml.etree.ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert suite.get("failures") == "1" and suite.find(".//failure") is not None
    # Mistakes have their places.
    (tmp_path / "b.yaml").write_text("scenario: 1\nturns:\n  - kyes: 12\n  - say: nothing.wav\n")
    wrong = run("conformance", "--scenario", tmp_path / "b.yaml", "--token", files / "token")
    assert wrong.returncode == 78 and f"{tmp_path}/b.yaml:3:5: " in wrong.stderr, wrong.stderr
    (tmp_path / "b.yaml").write_text("scenario: 1\nturns:\n  - say: nothing.wav\n")
    wrong = run("conformance", "--scenario", tmp_path / "b.yaml", "--token", files / "token")
    assert wrong.returncode == 78 and "nothing.wav" in wrong.stderr, wrong.stderr


def test_a_scenario_of_a_recorded_call(plain_gateway, files, tmp_path):
    folder = tmp_path / "calls" / "asked.call"
    folder.mkdir(parents=True)
    (folder / "caller.wav").write_bytes((SOUNDS / "tt-monkeysintro.wav").read_bytes())
    (folder / "call.yaml").write_text("""call: 1
caller: caller.wav
greeting: {recorded: {answered: 20ms, length: 900ms}}
turns:
  - say: {from: 0ms, to: 1500ms}
    over_prompt: 300ms
    recorded: {answered: 1500ms, length: 800ms}
  - keys: "0"
    over_prompt: 300ms
    expect: {ends: transfer}
""")
    to = tmp_path / "scenarios"
    made = run("conformance", "from-recording", tmp_path / "calls", "--to", to)
    assert made.returncode == 0 and made.stdout.strip() == f"{to}/asked.yaml", made.stderr
    assert sorted(file.name for file in to.iterdir()) == ["asked-1.wav", "asked.yaml"]
    again = run("conformance", "from-recording", folder / "call.yaml", "--to", to)
    assert again.returncode == 1 and "is there already" in again.stderr
    code, findings = judged(plain_gateway.address, "demo-chunk", files, "--scenario", to, "--scenarios-only")
    assert (code, broken(findings)) == (0, {})
    assert [findings[f"scenario.asked.{n}"]["verdict"] for n in range(3)] == ["passed"] * 3


def test_where_nobody_answers_nothing_is_judged(files):
    """One sentence, instead of every rule broken."""
    for target, why in [("127.0.0.1:9", "Nothing listens at 127.0.0.1:9"),
                        ("ws://127.0.0.1:9", "Nothing listens at ws://127.0.0.1:9")]:
        made = run("conformance", "--target", target, "--token", files / "token")
        assert made.returncode == 1 and made.stdout == "", made.stdout
        assert made.stderr.startswith(f"Error: Nothing was judged: {target} cannot be reached.") and why in made.stderr
    for wrong in ("localhost", "localhost:99999", "https://localhost:50051"):
        made = run("conformance", "--target", wrong, "--token", files / "token")
        assert made.returncode == 64 and "--target is HOST:PORT" in made.stderr, made.stderr


def test_usage(tmp_path):
    assert run("conformance", "--only", "singing").returncode == 64
    assert run("conformance", "--transfer", "file.wav").returncode == 64
    assert "token: expired" in run("conformance", "--list-cases").stdout
    nobody = run("conformance", "--target", "127.0.0.1:1", "--token", tmp_path / "none")
    assert nobody.returncode == 1 and "no token file" in nobody.stderr
