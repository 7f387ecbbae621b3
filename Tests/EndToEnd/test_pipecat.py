"""A bot made of Pipecat, unmodified: the one of Scripts/examples/media-streams-pipecat, where Pipecat was installed."""

import pathlib
import re
import socket
import subprocess
import time

import pytest

from caller import Caller
from conftest import TENANT_A, agent
from gateway import SURROUNDINGS
from schemas import KEYS, START_OF_DTMF, Event
from speech import likeness, prompt, recorded

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "Scripts/examples/media-streams-pipecat"
PYTHON = EXAMPLE.parents[2] / ".build-examples/pipecat/bin/python"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="Pipecat is not installed: Scripts/examples/media-streams-pipecat/run does that")


@pytest.fixture
def pipecat_caller(own_gateway, token, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("secret-of-the-bot")
    secret.chmod(0o600)
    started = []

    def start():
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        engine = {"kind": "media-streams", "url": f"ws://127.0.0.1:{port}/call", "auth_token_file": str(secret),
                  "turn_silence": "300ms"}
        gateway = own_gateway(agents=[agent("pipecat", "chunk", engine)])
        process = subprocess.Popen(
            [PYTHON, EXAMPLE / "bot.py", "--port", str(port), "--patchbay", f"http://{gateway.admin}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=SURROUNDINGS | {"TWILIO_AUTH_TOKEN": "secret-of-the-bot"})
        started.append(process)
        assert re.search(r"ws://\S+", process.stdout.readline())
        return Caller(gateway.channel(), token, TENANT_A["org"], "pipecat", mode="chunk")

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_call_with_barge_in_and_hang_up(pipecat_caller):
    """Greeting, a spoken turn, digits, speaking over a long answer, and the serializer's own hang-up over REST."""
    caller = pipecat_caller()
    greeting = caller.start()
    assert likeness(greeting.audio, prompt("greeting")) > 0.9
    turn = caller.speak(recorded("vm-theperson"))
    assert likeness(turn.audio, prompt("anything-else")) > 0.9, "its own voice detection heard the caller"

    caller.event(START_OF_DTMF).wait()
    long = caller.open(caller.request(dtmf_input={"dtmf_events": [KEYS["7"]]}))
    long.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "first chunk")
    line = caller.listen()
    time.sleep(2)
    line.say(recorded("tt-monkeysintro"))
    started = line.wait_event(Event.START_OF_INPUT).time
    long.wait()
    late = [r for r in long.replies if r.time > started + 0.2 and any(p.audio_content for p in r.message.prompts)]
    assert late == [], "no more than 200 ms of the old answer leave"
    caller.hear(line)
    assert likeness(line.audio, prompt("anything-else")) > 0.9
    assert line.audio.seconds < prompt("anything-else").seconds + 2, "nothing of the old answer follows"

    caller.event(START_OF_DTMF).wait()
    end = caller.open(caller.request(dtmf_input={"dtmf_events": [KEYS["9"]]})).wait()
    assert end.event.event_type == Event.SESSION_END
    assert likeness(end.audio, prompt("good-bye")) > 0.9
