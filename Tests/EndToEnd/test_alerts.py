"""The alert rules: each speaks of metrics that there are and has its section in the runbook; Prometheus can fire them."""

import json
import pathlib
import re
import shutil
import subprocess
import time
import urllib.request

import pytest
import yaml

from caller import Caller
from conftest import TENANT_A, agent
from edge import free_port
from schemas import SESSION_START

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "Scripts/deployment/prometheus/alerts.yaml"
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
    """… and the runbook has no section without an alert."""
    sections = re.findall(r"^## (\w+)$", (ROOT / "Docs/runbook.md").read_text(), re.M)
    assert sections == [alert["alert"] for alert in ALERTS]
    for alert in ALERTS:
        assert alert["annotations"]["runbook"] == f"Docs/runbook.md#{alert['alert'].lower()}"


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
        firing, deadline = set(), time.monotonic() + 60
        while not {"PatchbayBotFails", "PatchbayBotLeftAlone", "PatchbayCertificateEnds"} <= firing:
            assert time.monotonic() < deadline, f"{firing}: {(tmp_path / 'log').read_text()[-2000:]}"
            call(token, 3)
            time.sleep(1)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=5) as answer:
                    firing = {one["labels"]["alertname"] for one in json.load(answer)["data"]["alerts"]}
            except OSError:
                continue
        assert "PatchbayUnreachable" not in firing
    finally:
        prometheus.terminate()
        prometheus.wait(20)
