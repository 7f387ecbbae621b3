"""The metrics of a real run: Prometheus' conventions hold, and Docs/metrics.md has every family as the server tells it."""

import json
import pathlib
import re
import shutil
import subprocess
import time

import pytest
import yaml

from caller import Caller
from conftest import TENANT_A, agent
from edge import free_port
from recordings import settings
from schemas import SESSION_START
from speech import recorded

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| (.*) \|$", re.M)


@pytest.fixture(scope="module")
def shown(issuer, tmp_path_factory):
    """The metrics after calls of several kinds: spoken turns, an interruption, digits, a dead bot, a refused token."""
    from conftest import configuration
    from gateway import Gateway

    folder = tmp_path_factory.mktemp("metrics")
    agents = configuration(issuer)["agents"] + [
        agent("dead", "wav", {"kind": "grpc", "url": f"http://127.0.0.1:{free_port()}"})]
    gateway = Gateway(folder, configuration(issuer, agents=agents, recording=settings(folder / "recordings")))
    token = issuer.token(TENANT_A)
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        caller.speak(recorded("queue-youarenext"))
        caller.speak(recorded("tt-monkeysintro"), after_prompts=False)
        caller.press("12#")
        caller.hang_up()
        for used, name in ((token, "dead"), ("no.good.token", "demo-wav")):
            Caller(channel, used, TENANT_A["org"], name).event(SESSION_START).done.wait(10)
    gateway.until(lambda: "recordings_total" in gateway.get("/metrics")[1], "counts recordings")
    time.sleep(1.5)  # what is brought up to date once a second
    yield gateway.get("/metrics")[1]
    gateway.stop()


def grafana_queries():
    """Each query of the dashboard for Grafana, with its panel's title; Grafana's own variables have a value."""
    dashboard = json.loads((ROOT / "Scripts/deployment/grafana/patchbay.json").read_text())
    return [(panel["title"], re.sub(r"\$__rate_interval", "1m", target["expr"]).replace("$instance", ".*"))
            for panel in dashboard["panels"] for target in panel.get("targets", [])]


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool: apt-get install prometheus")
def test_grafana_queries_parse(tmp_path):
    """Prometheus can read each query of the dashboard."""
    rules = [{"record": f"query:{number}", "expr": query} for number, (_, query) in enumerate(grafana_queries())]
    assert len(rules) > 20
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "grafana", "rules": rules}]}))
    checked = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yaml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_grafana_shows_what_there_is(shown):
    """Each query of the dashboard speaks of families that the server has, and of labels that they have."""
    labels = {name: set(re.findall(r"`(\w+)`", labels)) for name, _, labels, _ in
              ROW.findall((ROOT / "Docs/metrics.md").read_text())}
    for title, query in grafana_queries():
        names = [re.sub(r"_bucket$", "", name) for name in re.findall(r"(?:patchbay|process)_\w+", query)]
        assert names, title
        for name in names:
            assert f"# TYPE {name} " in shown, f"{title}: there is no {name}"
            said = re.findall(r'(\w+)(?:=~|!~|!=|=)"', query)
            for by in re.findall(r"by \(([^)]*)\)", query):
                said += by.split(", ")
            assert set(said) <= labels[name] | {"instance", "le"}, f"{title}: {said}"


def value(shown, series):
    found = re.search(rf"^{re.escape(series)} (\S+)$", shown, re.M)
    assert found, f"{series} is not in the metrics"
    return float(found[1])


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool: apt-get install prometheus")
def test_prometheus_conventions(shown):
    """promtool finds no fault with any metric."""
    checked = subprocess.run(["promtool", "check", "metrics"], input=shown, capture_output=True, text=True)
    assert checked.returncode == 0 and not checked.stderr.strip(), checked.stderr + checked.stdout


def test_every_family_is_documented(shown):
    """Docs/metrics.md and the server say the same of each family: its type, its labels, its meaning. What a supervisor of
    several processes adds is in test_processes.py."""
    rows = {name: (kind, labels, meaning) for name, kind, labels, meaning in
            ROW.findall((ROOT / "Docs/metrics.md").read_text()) if not meaning.endswith(" Only with `listen.processes`.")}
    meanings = dict(re.findall(r"^# HELP (\w+) (.*)$", shown, re.M))
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", shown, re.M))
    assert sorted(rows) == sorted(kinds) == sorted(meanings)
    for name, (kind, labels, meaning) in rows.items():
        assert (kind, meaning) == (kinds[name], meanings[name]), name
        for series in re.findall(rf"^{name}(?:_bucket|_sum|_count)?(?:\{{(.*)\}})? ", shown, re.M):
            has = set(re.findall(r'(\w+)="', series)) - ({"le"} if kind == "histogram" else set())
            assert has == set(re.findall(r"`(\w+)`", labels)), f"{name}: {series}"


def test_labels_are_names(shown):
    """No label is a URL, an organization, a conversation or a token."""
    for line in shown.splitlines():
        for text in re.findall(r'="([^"]*)"', line) if not line.startswith("#") else ():
            assert "://" not in text and TENANT_A["org"] not in text and len(text) < 80, line


def test_what_a_call_leaves(shown):
    """A call's turns, its callers' waits, its interruption, its RPCs and what failed are counted where they belong."""
    assert value(shown, 'patchbay_turns_total{agent="demo-wav",kind="start"}') == 1
    assert value(shown, 'patchbay_turns_total{agent="demo-wav",kind="speech"}') == 2
    assert value(shown, 'patchbay_turns_total{agent="demo-wav",kind="digits"}') == 1
    assert value(shown, 'patchbay_caller_wait_seconds_count{agent="demo-wav"}') == 2
    waited = value(shown, 'patchbay_caller_wait_seconds_sum{agent="demo-wav"}')
    decided = value(shown, 'patchbay_answer_seconds_sum{agent="demo-wav"}')
    assert waited > decided + 2 * 0.5, "the silence that ends a turn is part of what callers wait"
    assert value(shown, 'patchbay_bot_first_audio_seconds_count{agent="demo-wav"}') >= 3
    assert value(shown, 'patchbay_barge_in_stop_seconds_count{agent="demo-wav"}') == 1
    assert 0.1 < value(shown, 'patchbay_barge_in_stop_seconds_sum{agent="demo-wav"}') < 1
    method = "com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ProcessCallerInput"
    assert value(shown, f'patchbay_rpcs_total{{method="{method}",status="OK"}}') >= 5
    assert value(shown, f'patchbay_rpcs_total{{method="{method}",status="UNAUTHENTICATED"}}') == 1
    assert value(shown, 'patchbay_bot_failures_total{agent="dead",kind="unreachable"}') == 1
    assert re.search(r'^patchbay_build_info\{grpc_core="[\d.]+",version="[\d.]+"\} 1$', shown, re.M)
    assert value(shown, "process_max_fds") >= value(shown, "process_open_fds") > 0
