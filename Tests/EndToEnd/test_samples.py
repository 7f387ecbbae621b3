"""The samples, and the bot that Docs/bots.md has its reader write, as a newcomer tries them: the commands of the page, one
after the other, until a call was heard."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from gateway import BINARY, SLOW, SURROUNDINGS
from speech import ROOT, SOUNDS, from_wav, likeness, prompt, recorded

EXAMPLES = ROOT / "Scripts/examples"
PIPECAT = ROOT / ".build-examples/pipecat/bin/python"


def blocks(page, language):
    """The code of a page, block by block."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", page, re.M | re.S)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Newcomer:
    """Somebody who copies commands into terminals. What the page says of ports is kept apart from what else runs on this
    machine: the server's are free ones, and every other is replaced by a free one wherever it is written."""

    def __init__(self, folder, environment=None):
        self.folder = folder
        self.processes = []
        tools = folder / "tools"
        tools.mkdir()
        # `patchbay` as it is on a PATH; a call goes to the server that was started before.
        (tools / "patchbay").write_text(
            f'#!/bin/sh\ncase "$1" in\n'
            f'  call) shift; exec "{BINARY}" call --target "$(cat "{folder}/target")" "$@" ;;\n'
            f'  *) exec "{BINARY}" "$@" ;;\nesac\n')
        (tools / "patchbay").chmod(0o755)
        self.environment = SURROUNDINGS | {
            "PATH": f"{tools}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(folder),
            "PATCHBAY_LISTEN_ADDRESS": "127.0.0.1:0", "PATCHBAY_ADMIN_ADDRESS": "127.0.0.1:0",
        } | (environment or {})

    def start(self, commands, ready):
        """Commands whose last one goes on; waits for what it prints when it is ready."""
        log = self.folder / f"{len(self.processes)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-ec", commands], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, start_new_session=True)
        self.processes.append(process)
        deadline = time.monotonic() + 60 * (6 if SLOW else 1)
        while not (found := re.search(ready, log.read_text(errors="replace"))):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)
        return found

    def serve(self, commands):
        target = self.start(commands, r"listening on (127\.0\.0\.1:\d+)")[1]
        (self.folder / "target").write_text(target)
        return self.folder / f"{len(self.processes) - 1}.log"

    def call(self, commands):
        """Runs a page's call to its end; gives what was shown, and what was heard."""
        wav = re.search(r"--heard (\S+\.wav)", commands)[1]
        commands = commands.replace(wav, str(self.folder / wav))
        done = subprocess.run(
            ["bash", "-ec", commands], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            timeout=90 * (4 if SLOW else 1))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "wrong" not in done.stdout, done.stdout
        return done.stdout + done.stderr, from_wav((self.folder / wav).read_bytes())

    def stop(self):
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def newcomer(tmp_path):
    started = []

    def make(**environment):
        started.append(Newcomer(tmp_path, environment))
        return started[-1]

    yield make
    for one in started:
        one.stop()


def commands(sample):
    """The commands of the section that ends a sample's README with a call, by terminal."""
    page = (EXAMPLES / sample / "README.md").read_text()
    assert "\n## Call it\n" in page, f"{sample}: the page ends in a call"
    return blocks(page.split("\n## Call it\n")[1], "sh")


def spoken(sample, name):
    return from_wav((EXAMPLES / sample / "prompts" / f"{name}.wav").read_bytes()).trimmed()


def test_front_desk(newcomer):
    """A dialogue in YAML: the hours, an order number, and the transfer, heard from the server that the page starts."""
    serve, call = commands("front-desk")
    newcomer = newcomer()
    log = newcomer.serve(serve)
    shown, heard = newcomer.call(call)
    for name in ("welcome", "menu", "hours", "order-number"):
        assert likeness(heard, spoken("front-desk", name)) > 0.85, name
    assert log.read_text().count("identity.development") >= 2, "it says loudly that this is for development"


def test_realtime_stand_in(newcomer):
    run, serve, call = commands("realtime-stand-in")
    port = free_port()
    newcomer = newcomer(PATCHBAY_AGENTS_0_ENGINE_URL=f"ws://127.0.0.1:{port}/v1/realtime")
    newcomer.start(f"{run.strip()} --port {port}", r"ws://\S+")
    newcomer.serve(serve)
    shown, heard = newcomer.call(call)
    assert likeness(heard, prompt("greeting")) > 0.85
    assert likeness(heard, recorded("vm-theperson")) > 0.8, "the caller's own words come back"
    assert "SESSION_END" in shown


@pytest.mark.skipif(
    not PIPECAT.exists(), reason="Pipecat is not installed: Scripts/examples/media-streams-pipecat/run does that")
def test_pipecat(newcomer):
    run, serve, call = commands("media-streams-pipecat")
    port = free_port()
    newcomer = newcomer(PATCHBAY_AGENTS_0_ENGINE_URL=f"ws://127.0.0.1:{port}/call")
    # The bot hangs up on the admin port, which has to be known before it starts.
    admin = f"127.0.0.1:{free_port()}"
    newcomer.environment["PATCHBAY_ADMIN_ADDRESS"] = admin
    newcomer.start(f"{run.strip()} --port {port} --patchbay http://{admin}", r"ws://\S+")
    newcomer.serve(serve)
    shown, heard = newcomer.call(call)
    assert likeness(heard, prompt("greeting")) > 0.85
    assert "SESSION_END" in shown


def test_balance_bot(newcomer):
    """The parts one by one, keys instead of words; the whole sample with speech is in test_balance_bot.py."""
    run, serve, call, test = commands("balance-bot")
    port = free_port()
    newcomer = newcomer()
    run = run.replace("Scripts/bootstrap --examples\n", "").replace("50061", str(port))
    newcomer.start(run, r"bot listens on \S+")
    newcomer.serve(serve.replace("50061", str(port)))
    shown, heard = newcomer.call(call)
    assert 'TRANSFER_TO_AGENT: "The caller asked for an agent' in shown
    assert "patchbay bot test" in test


def test_swift_bot():
    """Its server is too much to build here: its configuration is read in `PatchbayCommandsTests`. Its page ends in a call."""
    serve, call = commands("swift-bot")
    assert "development: true" in (EXAMPLES / "swift-bot/order-server.yaml").read_text()
    assert "order-server serve --config order-server.yaml" in serve and "patchbay call" in call


def test_install(tmp_path):
    """`Scripts/install` puts the command where it is told to, and says where the shell does not find it yet."""
    installed = subprocess.run(
        [ROOT / "Scripts/install", tmp_path / "bin"], env=SURROUNDINGS | {"PATCHBAY": str(BINARY)}, capture_output=True,
        text=True, timeout=60)
    assert installed.returncode == 0 and f'export PATH="{tmp_path}/bin:' in installed.stdout, installed
    assert subprocess.run([tmp_path / "bin/patchbay", "--version"], capture_output=True).returncode == 0


def test_every_sample_ends_in_a_call():
    """No sample is left out of this file."""
    samples = {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir() and (folder / "README.md").exists()}
    samples.discard("edge")  # what stands in front of a server, and no bot
    tested = set(re.findall(r'commands\("([a-z-]+)"\)', pathlib.Path(__file__).read_text()))
    assert samples == tested


@pytest.mark.skipif(not shutil.which("flite"), reason="flite is not installed")
def test_the_bot_of_the_page(newcomer, tmp_path):
    """The bot that Docs/bots.md has its reader copy answers in text: flite speaks it, and the transfer comes."""
    page = (ROOT / "Docs/bots.md").read_text().split("## gRPC: a bot in any language")[1].split("\n## ")[0]
    install, start, serve, call, _ = blocks(page, "sh")
    (bot,) = blocks(page, "python")
    port = free_port()
    folder = tmp_path / "my-bot"
    folder.mkdir()
    (folder / "bot.py").write_text(bot.replace("50061", str(port)))
    # What the page installs is what these tests were installed with.
    assert re.search(r"pip install grpcio grpcio-tools\n", install)
    protoc = install.splitlines()[-1].replace("my-bot/bin/python", sys.executable).replace("=my-bot", f"={folder}")
    subprocess.run(["bash", "-ec", protoc], cwd=ROOT, check=True, timeout=60)

    newcomer = newcomer()
    start = start.replace("my-bot/bin/python", sys.executable).replace("my-bot/", f"{folder}/")
    newcomer.start(start, r"bot listens on \S+")
    newcomer.serve(serve.replace("50061", str(port)))
    shown, heard = newcomer.call(call)
    assert 'TRANSFER_TO_AGENT: "An order."' in shown

    def said(words):
        file = tmp_path / "words.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", words, "-o", file], check=True)
        narrow = tmp_path / "narrow.wav"
        subprocess.run(["sox", file, "-r", "8000", "-b", "16", narrow], check=True)
        return from_wav(narrow.read_bytes()).trimmed()

    for words in ("What is your order number?", "Please key it in.", "Thank you. I am connecting you."):
        assert f'text, spoken here' in shown and words in shown
        assert likeness(heard, said(words)) > 0.8, words


def test_a_recording_without_a_voice_says_so(newcomer, tmp_path):
    """Text that nobody speaks is shown, and the silence in the file is explained; so it is where no voice is installed."""
    script = tmp_path / "script.yaml"
    script.write_text("start: a\nstates: {a: {say: {text: Good day.}, digits: {default: {say: {text: Bye.}, end: true}}}}\n")
    file = tmp_path / "server.yaml"
    file.write_text(f"identity: {{development: true}}\nagents: [{{id: a, engine: {{kind: scripted, script: {script}}}}}]\n")
    newcomer = newcomer()
    newcomer.serve(f"patchbay serve --config {file}")
    shown, heard = newcomer.call("patchbay call --digits 1 --heard heard.wav")
    assert 'text to be spoken: "Good day."' in shown
    assert "2 prompts were text for Webex's own voice, and silence in" in shown and "--speak-text" in shown
    # A PATH without any voice on it.
    bare = tmp_path / "bare"
    bare.mkdir()
    for tool in ("sh", "bash", "cat"):
        (bare / tool).symlink_to(shutil.which(tool))
    newcomer.environment["PATH"] = f"{tmp_path / 'tools'}:{bare}"
    shown, heard = newcomer.call("patchbay call --digits 1 --speak-text --heard again.wav")
    assert "neither flite nor espeak-ng" in shown and "silence in" in shown
    assert not heard.samples.any()
