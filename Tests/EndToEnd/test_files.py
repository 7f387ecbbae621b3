"""Files that are kept, and secrets that are given, as the commands write and read them."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest
import yaml

from caller import Caller
from conftest import TENANT_A
from gateway import BINARY, SURROUNDINGS, run
from recordings import Archive, key_folder, settings
from standin import StandIn

NOBODY = 65534
# Writes the name of each file that is synchronized into a file of its own.
SYNCED = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int fsync(int descriptor) {
  char link[64], name[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, name, sizeof name - 1);
  int log = open("LOG", O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (length > 0) { name[length] = '\\n'; write(log, name, length + 1); }
  close(log);
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}
"""


@pytest.fixture
def synced(tmp_path):
    """What a command's environment has to hold, and the names of the files that it then put on the disk."""
    source, library, log = tmp_path / "synced.c", tmp_path / "synced.so", tmp_path / "synced.log"
    source.write_text(SYNCED.replace("LOG", str(log)))
    subprocess.run(["gcc", "-w", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}, lambda: log.read_text().splitlines() if log.exists() else []


def test_a_key_is_on_the_disk_with_its_name(tmp_path, synced):
    environment, names = synced
    folder = tmp_path / "keys"
    folder.mkdir()
    made = run(
        "token", "mint", "--org", TENANT_A["org"], "--url", TENANT_A["url"], "--key", folder / "key.pem",
        environment=environment)
    assert made.returncode == 0, made.stderr
    assert [name.startswith(f"{folder}/key.pem.") for name in names()] == [True, False]
    assert names()[1] == str(folder)


def test_the_stand_in_keeps_its_state_on_the_disk(tmp_path, synced, monkeypatch):
    environment, names = synced
    folder = tmp_path / "webex"
    for name, value in environment.items():
        monkeypatch.setitem(SURROUNDINGS, name, value)
    stand_in = StandIn(folder)
    deadline = time.monotonic() + 20
    while not (folder / "state.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    stand_in.close()
    kept = {pathlib.Path(name).name.rsplit(".", 1)[0] for name in names() if name != str(folder)}
    assert {"state.json", "client-secret"} <= kept, kept
    assert names().count(str(folder)) >= len(kept)


@pytest.fixture
def open_folder():
    """A folder that everyone can enter; the tests' own are for their user alone."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="patchbay-files-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def run_as_nobody(*arguments):
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60, env=SURROUNDINGS, cwd="/",
        stdin=subprocess.DEVNULL, user=NOBODY, group=NOBODY, extra_groups=[])


def given(file, mode=0o440):
    """Root's file, given to a group, as Kubernetes and systemd give secrets."""
    os.chown(file, 0, NOBODY)
    file.chmod(mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_roots_is_given_by_its_group(open_folder):
    """S6: mode 0440 will do for a server that is not root; anything for others, or to write, will not."""
    key = open_folder / "key.pem"
    arguments = ["token", "mint", "--org", TENANT_A["org"], "--url", TENANT_A["url"], "--key", key]
    assert run(*arguments).returncode == 0
    given(key)
    assert run_as_nobody(*arguments).returncode == 0
    for mode in (0o460, 0o444):
        given(key, mode)
        refused = run_as_nobody(*arguments)
        assert refused.returncode != 0 and f"chmod 600 {key}" in refused.stderr, oct(mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_refresh_token_of_roots_is_given_by_its_group(open_folder):
    stand_in = StandIn(open_folder / "webex")
    try:
        secrets = open_folder / "secrets"
        secrets.mkdir()
        file = open_folder / "patchbay.yaml"
        made = stand_in.configuration()
        for key in ("client_secret_file", "refresh_token_file"):
            secret = secrets / key
            shutil.copy(made["data_sources"][key], secret)
            made["data_sources"][key] = str(secret)
            given(secret)
        # A new refresh token is put in the old one's place.
        os.chown(secrets, NOBODY, NOBODY)
        file.write_text(yaml.safe_dump(made))
        listed = run_as_nobody("datasource", "list", "--config", file)
        assert listed.returncode == 0, listed.stderr
    finally:
        stand_in.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_recording_key_of_roots_is_given_by_its_group(open_folder, own_gateway, issuer):
    """The key is a link into a folder of the day, as in a volume of Kubernetes."""
    keys = key_folder(open_folder / "keys", TENANT_A["org"])
    folder = open_folder / "recordings"
    gateway = own_gateway(recording=settings(folder, keys=str(keys)))
    with gateway.channel() as channel:
        call = Caller(channel, issuer.token(TENANT_A), TENANT_A["org"], "demo-wav", "wav")
        call.start()
        time.sleep(1)
        call.hang_up()
    archive = Archive(folder, keys)
    deadline = time.monotonic() + 20
    while [row["state"] for row in archive.list()] != ["complete"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    key = keys / TENANT_A["org"] / "2026-11.key"
    day = keys / TENANT_A["org"] / "..data"
    day.mkdir()
    key.rename(day / key.name)
    key.symlink_to(day / key.name)
    given(day / key.name)
    arguments = ["recording", "verify", "--directory", folder, "--keys", keys]
    checked = run_as_nobody(*arguments)
    assert (checked.returncode, checked.stdout.splitlines()[-1:]) == (0, ["1 good, 0 bad"]), checked.stderr
    given(day / key.name, 0o444)
    refused = run_as_nobody(*arguments)
    assert "chmod 600" in refused.stdout + refused.stderr


def test_a_token_and_a_configuration_come_through_pipes(tmp_path):
    """What a person names may be a pipe, as a shell's `<(…)` is."""
    made = run("token", "mint", "--org", TENANT_A["org"], "--url", TENANT_A["url"], "--key", tmp_path / "key.pem")
    shown = run("token", "inspect", "/dev/stdin", given=made.stdout)
    assert shown.returncode == 0 and TENANT_A["org"] in shown.stdout, shown.stderr
    checked = run("config", "check", "--config", "/dev/stdin", given="agents: [{id: demo, engine: demo}]\nnonsense: 1\n")
    assert "nonsense" in checked.stderr
