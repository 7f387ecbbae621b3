"""Certificates that have ended, name another host or do not fit their key: said before anything is served, and while it is."""

import json
import subprocess
import time

import grpc
import pytest

from conftest import TENANT_A, configuration
from gateway import Gateway, run

DAY = 86_400


class Authority:
    """An authority, and servers' certificates of it."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", *self.key("ca"), "-days", "400", "-out", "ca.pem", "-subj", "/CN=Test authority")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key")

    def issue(self, name, days=100, names="DNS:localhost", fake=None):
        """`fake`: the time at which it is made, for certificates that are over."""
        self.openssl("req", *self.key(name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        command = ["openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                   "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem"]
        subprocess.run((["faketime", "-f", fake] if fake else []) + command, cwd=self.folder, check=True, capture_output=True)
        (self.folder / f"{name}.key").chmod(0o600)
        return {"certificate": str(self.folder / f"{name}.pem"), "key": str(self.folder / f"{name}.key")}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def settings(issuer, tls, url="https://localhost:50051"):
    text = configuration(issuer, listen={"address": "127.0.0.1:0", "tls": tls})
    for tenant in text["identity"]["tenants"]:
        tenant["url"] = url
    return text


def check(tmp_path, text):
    file = tmp_path / "patchbay.yaml"
    file.write_text(json.dumps(text))  # JSON is YAML
    return run("config", "check", "--config", file)


def serve(tmp_path):
    return run("serve", "--config", tmp_path / "patchbay.yaml", seconds=20)


def test_what_cannot_serve_is_refused_by_both_commands(tmp_path, issuer, authority):
    """`config check` and `serve` exit with 78 and name file, fault and remedy."""
    good, other = authority.issue("good"), authority.issue("other")
    over = authority.issue("over", days=1, fake="-10d")
    cases = [
        ({"certificate": other["certificate"], "key": good["key"]}, "is not the certificate of the key"),
        (over, "ended 9 days ago"),
    ]
    for tls, words in cases:
        for refused in (check(tmp_path, settings(issuer, tls)), serve(tmp_path)):
            assert refused.returncode == 78, refused.stdout + refused.stderr
            assert words in refused.stderr and tls["certificate"] in refused.stderr, refused.stderr


def test_what_can_serve_is_warned_of(tmp_path, issuer, authority):
    """An end that is near, a host that is not named, an authority that is nobody's: said, and it is served all the same."""
    soon = authority.issue("soon", days=20)
    warned = check(tmp_path, settings(issuer, soon, url="https://voice.example.com:443"))
    assert warned.returncode == 0, warned.stderr
    named = f"does not name voice.example.com (the host of {TENANT_A['name']}'s url), but localhost"
    for words in ("ends in ", named,
                  "neither in the file nor among this system's authorities"):
        assert words in warned.stderr, warned.stderr
    quiet = authority.issue("quiet", days=100)
    whole = authority.folder / "whole.pem"
    whole.write_text((authority.folder / "quiet.pem").read_text() + (authority.folder / "ca.pem").read_text())
    fine = check(tmp_path, settings(issuer, quiet | {"certificate": str(whole)}))
    assert fine.returncode == 0 and "warning" not in fine.stderr, fine.stderr


def test_new_files_are_checked_while_it_runs(tmp_path, issuer, authority):
    """A bad replacement keeps the old certificate, and the log, the metrics and the dashboard say so; a good one is used."""
    files = {name: tmp_path / f"server.{name}" for name in ("pem", "key")}

    def put(name):
        for kind, file in files.items():
            new = file.with_suffix(".new")
            new.write_bytes((authority.folder / f"{name}.{kind}").read_bytes())
            new.chmod(0o600)
            new.rename(file)

    authority.issue("first", days=50)
    put("first")
    tls = {"certificate": str(files["pem"]), "key": str(files["key"])}
    gateway = Gateway(tmp_path, settings(issuer, tls))
    gateway.root = (authority.folder / "ca.pem").read_bytes()

    def answers():
        with gateway.channel() as channel:
            grpc.channel_ready_future(channel).result(timeout=10)

    def metric(name):
        lines = [line for line in gateway.get("/metrics")[1].splitlines() if line.startswith(name + "{")]
        return float(lines[0].rsplit(" ", 1)[1]) if lines else None

    answers()
    gateway.until(lambda: metric("patchbay_certificate_seconds_left"), "tells how long it lives")
    assert 49 * DAY < metric("patchbay_certificate_seconds_left") <= 50 * DAY
    assert metric("patchbay_certificate_files_refused") == 0
    authority.issue("second", days=90)
    # A certificate without its key, as half of an update that fails would leave it.
    files["pem"].write_bytes((authority.folder / "second.pem").read_bytes())
    gateway.until(lambda: "the TLS files stay as they were" in gateway.log, "refuses the files")
    assert "is not the certificate of the key" in gateway.log
    gateway.until(lambda: metric("patchbay_certificate_files_refused") == 1, "counts the refusal")
    assert 49 * DAY < metric("patchbay_certificate_seconds_left") <= 50 * DAY
    certificates = json.loads(gateway.get("/status")[1])["certificates"]
    assert 49 * DAY < certificates[0]["secondsLeft"] <= 50 * DAY
    assert "is not the certificate of the key" in certificates[0]["refusal"], certificates
    answers()
    time.sleep(2.5)
    assert gateway.log.count("the TLS files stay as they were") == 1, "one line for each version"
    put("second")
    gateway.until(lambda: (metric("patchbay_certificate_seconds_left") or 0) > 89 * DAY, "uses the new certificate")
    assert metric("patchbay_certificate_files_refused") == 0
    answers()
    # A tenant whose host the certificate does not name.
    gateway.reload(settings(issuer, tls, url="https://voice.example.com:443"))
    gateway.until(lambda: "does not name voice.example.com" in gateway.log, "tells of the missing name", seconds=20)
    gateway.stop()
