"""As a service: what systemd is told, secrets that it hands over, and that no memory is written to a disk."""

import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from gateway import BINARY, SLOW, SURROUNDINGS, run
from test_guard import DEAF

class Supervisor:
    """The socket that systemd listens on."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.environment = {"NOTIFY_SOCKET": address}

    def hear(self, seconds=10):
        """The assignments of the next datagram, or none where nothing comes."""
        self.socket.settimeout(seconds * (6 if SLOW else 1))
        try:
            lines = self.socket.recv(4096).decode().split("\n")
        except TimeoutError:
            return None
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture(params=["path", "abstract"])
def supervisor(request, tmp_path):
    supervisor = Supervisor(str(tmp_path / "notify") if request.param == "path" else f"@patchbay-test-{os.getpid()}")
    yield supervisor
    supervisor.socket.close()


def test_what_systemd_is_told(own_gateway, supervisor):
    """READY when the port listens, WATCHDOG when the probe was answered, RELOADING and READY, STOPPING with its time."""
    gateway = own_gateway(supervisor.environment, shutdown={"notice": "1s", "drain": "30m", "grace": "10s"})
    assert "READY" in supervisor.hear(), "it listens"
    assert supervisor.hear() == {"WATCHDOG": "1"}

    gateway.signal(signal.SIGHUP)
    began = supervisor.hear(2)
    assert began["RELOADING"] == "1"
    assert abs(int(began["MONOTONIC_USEC"]) / 1e6 - time.monotonic()) < (30 if SLOW else 3)
    assert supervisor.hear(2)["READY"] == "1"

    good = gateway.file.read_text()
    gateway.write(good.replace("shutdown:", "shutdwon:"))
    assert "RELOADING" in supervisor.hear(3)
    refused = supervisor.hear(2)
    assert refused["READY"] == "1" and "refused" in refused["STATUS"] and "shutdwon" in refused["STATUS"]
    gateway.write(good)
    assert "RELOADING" in supervisor.hear(3)
    assert "refused" not in supervisor.hear(2)["STATUS"], "the mistake is mended, and the status says so"

    gateway.signal()
    ending = supervisor.hear(2)
    while ending == {"WATCHDOG": "1"}:
        ending = supervisor.hear(2)
    assert ending["STOPPING"] == "1"
    # notice, drain and grace, and not much more: a server that hangs is not waited for without end.
    assert 1811 < int(ending["EXTEND_TIMEOUT_USEC"]) / 1e6 < 1811 + 180
    assert gateway.wait(30) == 0


@pytest.mark.skipif(SLOW, reason="a sanitizer's binary is preloaded nothing")
def test_the_watchdog_of_a_dead_port(own_gateway, supervisor, tmp_path):
    """A port that does not answer feeds no watchdog; the server drains and says that it does."""
    source, library, deaf = tmp_path / "deaf.c", tmp_path / "deaf.so", tmp_path / "deaf"
    source.write_text(DEAF.replace("DEAF_FILE", str(deaf)))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    gateway = own_gateway(supervisor.environment | {"LD_PRELOAD": str(library)})
    assert "READY" in supervisor.hear() and supervisor.hear() == {"WATCHDOG": "1"}
    deaf.touch()
    assert "STOPPING" in supervisor.hear(60), "no WATCHDOG comes before it"
    assert gateway.wait(30) == 1


def test_nobody_to_tell(own_gateway, tmp_path):
    """A supervisor that is gone, and a name that is none, cost nothing."""
    for address in (str(tmp_path / "nobody"), "vsock:2:1234", "/" + "x" * 200):
        own_gateway({"NOTIFY_SOCKET": address}).stop()


@pytest.fixture
def core_files():
    """Processes that are started may write core files, where this one may allow it."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def ended(process, folder):
    """How the kernel says that a killed process ended: "dumped" or "killed"; and the core files."""
    result = os.waitid(os.P_PID, process.pid, os.WEXITED)
    process.returncode = -result.si_status
    files = [path for path in folder.iterdir() if "core" in path.name]
    return {os.CLD_DUMPED: "dumped", os.CLD_KILLED: "killed"}[result.si_code], files


def test_no_core_file_is_written(own_gateway, core_files, tmp_path):
    """S6: a server that crashes leaves no core file, whatever the limit was that it was started with."""
    control = subprocess.Popen([sys.executable, "-c", "import os; os.abort()"], cwd=tmp_path)
    if ended(control, tmp_path)[0] != "dumped":
        pytest.skip("no program writes core files here")
    gateway = own_gateway({"SWIFT_BACKTRACE": "enable=no"})  # as in the unit; else the signal begins a backtrace
    limits = pathlib.Path(f"/proc/{gateway.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    gateway.signal(signal.SIGABRT)
    assert ended(gateway.process, gateway.file.parent) == ("killed", [])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to a group")
def test_a_secret_that_root_gives():
    """S6: a file of root's that the server's group may read is a secret; one that more people can read or write is not."""
    user = 10001
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own is closed to other users
        check_secrets(pathlib.Path(folder), user)


def check_secrets(folder, user):
    folder.chmod(0o755)
    secret, file = folder / "admin.token", folder / "patchbay.yaml"
    secret.write_text("a-token-of-the-admin-port")
    file.write_text(
        "admin: {address: '127.0.0.1:0', token_file: admin.token}\n"
        "agents: [{id: demo, engine: {kind: demo}, default: true}]\n"
        "identity: {tenants: [{org: 11111111-aaaa-4111-8111-111111111111, url: 'https://voice.example.com'}]}\n")
    file.chmod(0o644)

    def check(owner, mode):
        os.chown(secret, owner, user)
        secret.chmod(mode)
        return subprocess.run(
            [BINARY, "config", "check", "--config", file], user=user, group=user, extra_groups=[], env=SURROUNDINGS,
            capture_output=True, text=True, timeout=30)

    try:
        given = check(0, 0o440)
    except PermissionError:
        pytest.skip("the binary is closed to other users")
    assert given.returncode == 0, given.stdout + given.stderr
    for owner, mode in ((0, 0o660), (0, 0o444), (user, 0o640)):
        refused = check(owner, mode)
        assert refused.returncode == 78 and "chmod" in refused.stderr, (owner, oct(mode), refused)
    check(0, 0o640)
    assert run("config", "check", "--config", file).returncode == 78, "root's own process has no group that it is given by"
