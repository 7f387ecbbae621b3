"""The alert rules: each speaks of metrics that there are and has its section in the runbook; Prometheus can fire them."""

import json
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

from caller import Caller
from conftest import TENANT_A, agent
from edge import free_port
from gateway import BINARY
from schemas import SESSION_START

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "Scripts/deployment/prometheus/alerts.yaml"
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", (ROOT / "Docs/runbook.md").read_text(), re.M | re.S))
PAGE = (ROOT / "Sources/CDashboard/Page/index.html").read_text()
ALERTS = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


@pytest.fixture
def failing(own_gateway, certificates):
    """A server with a certificate, whose agent's bot is not there; and how to call it."""
    gateway = own_gateway(
        listen={"address": "127.0.0.1:0", "tls": {
            "certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}},
        agents=[agent("dead", "wav", {"kind": "grpc", "url": f"http://127.0.0.1:{free_port()}"}, default=True)])

    def call(token, count=1):
        with gateway.channel() as channel:
            for _ in range(count):
                Caller(channel, token, TENANT_A["org"], "dead").event(SESSION_START).done.wait(10)

    return gateway, call


def test_metrics_of_alerts(failing, token):
    """Each metric of an alert is one that the server has, with the labels that the alert reads."""
    gateway, call = failing
    call(token)
    call("no.good.token")
    shown = gateway.get("/metrics")[1]
    for alert in ALERTS:
        for name in re.findall(r"patchbay_\w+", alert["expr"]):
            family = re.sub(r"_bucket$", "", name)
            series = re.findall(rf"^{name}(?:\{{(.*)\}})? ", shown, re.M)
            assert series or f"# TYPE {family} " in shown, f"{alert['alert']}: there is no {name}"
            by = re.search(r"by \(([^)]*)\)", alert["expr"])
            said = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
            for label in (set(by[1].split(", ")) if by else set()) | said - {"instance"}:
                assert label == "instance" or not series or f'{label}="' in series[0], f"{name} has no {label}: {series}"


def test_each_alert_has_a_section():
    """… with what it means, what to look at, what to do; and the runbook has no section without an alert."""
    assert list(SECTIONS) == [alert["alert"] for alert in ALERTS]
    for alert in ALERTS:
        assert alert["annotations"]["runbook"] == f"Docs/runbook.md#{alert['alert'].lower()}"
        if alert["alert"] != "PatchbayUnreachable":  # there, nobody could answer
            links = [alert["annotations"][name] for name in ("runbook_url", "dashboard_url")]
            assert all(link.startswith("http://{{ $labels.instance }}/") for link in links)
            assert links[0].endswith("#" + alert["alert"].lower())
            for label in re.findall(r"\$labels\.(\w+)", "".join(links)):
                assert label == "instance" or label in SECTIONS[alert["alert"]]
            target = links[1].partition("#")[2]
            assert target.startswith("show=") or f'id="{target}"' in PAGE, target
        parts = re.findall(r"^- \*\*(.+?)\*\*: ", SECTIONS[alert["alert"]], re.M)
        assert parts == ["Means", "Look at", "Do"], f"{alert['alert']}: {parts}"


def test_the_runbook_speaks_of_what_there_is():
    """Each metric, key and command that it names is there. A label that an alert is told apart by is in its section."""
    page = (ROOT / "Docs/runbook.md").read_text()
    metrics, keys = (ROOT / "Docs/metrics.md").read_text(), (ROOT / "Docs/configuration.md").read_text()
    for name in set(re.findall(r"patchbay_\w+", page)):
        assert f"| `{name}` |" in metrics, f"there is no metric {name}"
    for key in set(re.findall(r"`((?:limits|recording|identity)\.[\w.]+)`", page)):
        assert f"`{key}`" in keys, f"there is no key {key}"
    for command in set(re.findall(r"`patchbay ([a-z]+ [a-z]+)`", page)):
        subprocess.run([BINARY, *command.split(), "--help"], check=True, capture_output=True)
    for alert in ALERTS:
        for label in re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]) + re.findall(r"(\w+)=~?\"", alert["expr"]):
            assert label in ("instance", "job") or label in SECTIONS[alert["alert"]], f"{alert['alert']}: {label}"


def test_the_runbook_knows_each_kind_of_failure():
    """All kinds of bots' failures; and no check, stage or reason that the server does not have."""
    def values(file, pattern):
        return {one for found in re.findall(pattern, (ROOT / "Sources" / file).read_text(), re.M)
                for one in re.findall(r"\w+", found)}

    def named(alert):
        return set(re.findall(r"`([a-z_]+)`(?=[,:]| \()", SECTIONS[alert])) - {"agent", "check", "kind", "reason", "stage"}

    kinds = values("BotEngine/BotFailure.swift", r"^    case (\w+)$")
    kinds |= values("CallGateway/Conversation+Bot.swift", r"^    case \.\w+: \"(\w+)\"$")
    assert named("PatchbayBotFails") == kinds - {"kept_away"}
    assert named("PatchbayTokensRefused") <= values("TokenVerification/JOSE/TokenRefusal.swift", r"^    case ([\w, ]+)$")
    assert named("PatchbayRecordingsIncomplete") >= values("Recordings/Live/RecordingService.swift", r"\"stage\", \"(\w+)\"")


@pytest.mark.skipif(not shutil.which("prometheus"), reason="there is no prometheus: apt-get install prometheus")
def test_prometheus_fires(failing, token, tmp_path):
    """Debian's Prometheus takes the rules, scrapes a server whose bot is dead and whose certificate ends, and says so."""
    gateway, call = failing
    subprocess.run(["promtool", "check", "rules", RULES], check=True, capture_output=True)
    (tmp_path / "alerts.yaml").write_text(re.sub(r"for: \w+", "for: 0s", RULES.read_text()))
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"}, "rule_files": ["alerts.yaml"],
        "scrape_configs": [{"job_name": "patchbay", "static_configs": [{"targets": [gateway.admin]}]}]}))
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        firing, links, deadline = set(), {}, time.monotonic() + 60
        while not {"PatchbayBotFails", "PatchbayBotLeftAlone", "PatchbayCertificateEnds"} <= firing:
            assert time.monotonic() < deadline, f"{firing}: {(tmp_path / 'log').read_text()[-2000:]}"
            call(token, 3)
            time.sleep(1)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=5) as answer:
                    alerts = json.load(answer)["data"]["alerts"]
                    firing = {one["labels"]["alertname"] for one in alerts}
                    links = {one["labels"]["alertname"]: one["annotations"] for one in alerts}
            except OSError:
                continue
        assert "PatchbayUnreachable" not in firing
        # From the alert to its calls: its link is the dashboard's address, whose search finds what failed.
        link = urllib.parse.urlsplit(links["PatchbayBotFails"]["dashboard_url"])
        sought = urllib.parse.parse_qs(link.fragment)
        assert (link.netloc, sought["show"]) == (gateway.admin, ["ended"])
        found = json.loads(gateway.get("/status/find/" + urllib.parse.quote(sought["find"][0]))[1])
        assert found["endedCount"] > 5 and {one["state"] for one in found["endedCalls"]} == {"botFailed"}
        runbook = urllib.parse.urlsplit(links["PatchbayBotFails"]["runbook_url"])
        assert gateway.get(f"{runbook.path}?{runbook.query}")[0] == 200 and runbook.query == "agent=dead"
    finally:
        prometheus.terminate()
        prometheus.wait(20)
