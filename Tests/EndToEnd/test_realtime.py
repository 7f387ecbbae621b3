"""A bot that speaks the OpenAI Realtime events holds calls: the stand-in of Scripts/examples/realtime-stand-in."""

import json
import time

import pytest

from caller import Caller
from conftest import TENANT_A, agent
from gateway import run
from realtime import StandIn
from schemas import START_OF_DTMF, Event
from speech import likeness, prompt, recorded

QUESTION = "vm-theperson"


@pytest.fixture
def stand_in(tmp_path):
    started = []

    def start(*options):
        folder = tmp_path / f"stand-in-{len(started)}"
        folder.mkdir()
        started.append(StandIn(folder, *options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def realtime_caller(own_gateway, token):
    """Starts a gateway whose one agent is such a bot, and gives callers for it."""

    def start(url, responses="chunk", environment=None, **engine):
        gateway = own_gateway(agents=[agent("realtime", responses, {"kind": "realtime", "url": url} | engine)])
        caller = Caller(gateway.channel(), token, TENANT_A["org"], "realtime", mode=responses)
        caller.gateway = gateway
        return caller

    return start


@pytest.mark.parametrize("format", ["pcmu", "pcma", "pcm"])
def test_a_call(stand_in, realtime_caller, format):
    """Greeting, a spoken turn that is said back, digits as text, hang-up; in each format of the wire."""
    server = stand_in()
    caller = realtime_caller(server.url, format=format, model="gpt-realtime", instructions="Be brief.")
    greeting = caller.start()
    assert likeness(greeting.audio, prompt("greeting")) > 0.95
    spoken = recorded(QUESTION)
    turn = caller.speak(spoken)
    assert likeness(turn.audio, spoken) > 0.85, "the bot heard the caller, and the caller the bot"
    digits = caller.press("12")
    assert likeness(digits.audio, prompt("digit-2")) > 0.85
    caller.hang_up()

    session = server.of("session.update")[0]["session"]
    assert session["audio"]["input"]["format"]["type"] == f"audio/{format}"
    assert session["audio"]["input"]["turn_detection"] is None and session["instructions"] == "Be brief."
    types = [event["type"] for event in server.events]
    assert types[:2] == ["session.update", "response.create"]
    assert types.count("input_audio_buffer.commit") == 1 and types.count("response.create") == 3
    text = server.of("conversation.item.create")[0]["item"]["content"]
    assert text == [{"type": "input_text", "text": "[The caller pressed 12]"}]


def test_every_event_is_one_that_openai_publishes(stand_in, realtime_caller):
    """What is sent fits the published types, names and members, with nothing beyond them."""
    types = pytest.importorskip("openai.types.realtime")
    from pydantic import TypeAdapter
    adapter = TypeAdapter(types.RealtimeClientEvent)
    server = stand_in()
    caller = realtime_caller(server.url, voice="marin", greeting="Say hello.")
    caller.start()
    caller.speak(recorded(QUESTION))
    caller.press("5")
    caller.press("1234")
    greeting = caller.open(caller.request(dtmf_input={"dtmf_events": [7]}))
    greeting.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "first chunk")
    caller.hear(caller.open(caller.request(dtmf_input={"dtmf_events": [1]})))
    sent = server.events
    kinds = {event["type"] for event in sent}
    assert kinds >= {
        "session.update", "response.create", "input_audio_buffer.append", "input_audio_buffer.commit",
        "conversation.item.create", "conversation.item.truncate", "response.cancel"}, kinds

    def extras(value, path):
        """Members that the types do not know: these take and keep them."""
        if isinstance(value, list):
            return [found for index, item in enumerate(value) for found in extras(item, f"{path}[{index}]")]
        if not hasattr(value, "model_fields_set"):
            return []
        own = [f"{path}.{name}" for name in (value.model_extra or {})]
        return own + [found for name in type(value).model_fields for found in extras(getattr(value, name), f"{path}.{name}")]

    for event in sent:
        parsed = adapter.validate_python(event)
        assert parsed.type == event["type"]
        assert extras(parsed, event["type"]) == []


def test_beta_names(stand_in, realtime_caller):
    """A server that still uses the names of the beta is understood."""
    server = stand_in()
    caller = realtime_caller(server.url + "?beta=1")
    assert likeness(caller.start().audio, prompt("greeting")) > 0.95
    spoken = recorded(QUESTION)
    assert likeness(caller.speak(spoken).audio, spoken) > 0.85


def test_barge_in(stand_in, realtime_caller):
    """The caller speaks during a long answer: it is cancelled, truncated to what was heard, and no more of it leaves."""
    server = stand_in()
    caller = realtime_caller(server.url)
    caller.start()
    caller.event(START_OF_DTMF).wait()
    long = caller.open(caller.request(dtmf_input={"dtmf_events": [7]}))
    first = long.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "first chunk").time
    line = caller.listen()
    time.sleep(1.5)
    spoken = recorded(QUESTION)
    line.say(spoken)
    started = line.wait_event(Event.START_OF_INPUT).time
    long.wait()
    late = [r for r in long.replies if r.time > started + 0.2 and any(p.audio_content for p in r.message.prompts)]
    assert late == []
    caller.hear(line)
    assert likeness(line.audio, spoken) > 0.85
    truncate = server.wait("conversation.item.truncate", 2)  # the first is the greeting's, which the key cut off
    played = (started - first) * 1000
    assert played - 700 < truncate["audio_end_ms"] < played + 700, "the model is told what was heard"


def test_transfer(stand_in, realtime_caller):
    server = stand_in()
    caller = realtime_caller(server.url)
    caller.start()
    transfer = caller.open(caller.request(dtmf_input={"dtmf_events": [10]})).wait()
    assert transfer.event.event_type == Event.TRANSFER_TO_AGENT
    assert transfer.event.metadata["summary"] == "The caller asked for a person."
    assert likeness(transfer.audio, prompt("transfer")) > 0.95


def test_end(stand_in, realtime_caller):
    server = stand_in()
    caller = realtime_caller(server.url)
    caller.start()
    end = caller.open(caller.request(dtmf_input={"dtmf_events": [9]})).wait()
    assert end.event.event_type == Event.SESSION_END and likeness(end.audio, prompt("good-bye")) > 0.95


def test_sensitive_digits(stand_in, realtime_caller):
    """collect_digits: keys only, as many as asked for, marked as sensitive; then the caller may speak again."""
    server = stand_in()
    caller = realtime_caller(server.url)
    caller.start()
    asked = caller.press("5")
    assert asked.final.input_sensitive and asked.final.input_handling_config.dtmf_config.dtmf_input_length == 4
    answer = caller.press("4711")
    output = server.of("conversation.item.create")[-1]["item"]
    assert output["type"] == "function_call_output" and json.loads(output["output"]) == {"digits": "4711"}
    assert not answer.final.input_sensitive
    assert "4711" not in caller.gateway.log
    assert likeness(caller.no_input().audio, prompt("still-there")) > 0.95


def test_the_servers_own_turn_detection(stand_in, realtime_caller, tmp_path):
    """A session that asks for server_vad is given all audio, and the server answers by itself."""
    file = tmp_path / "session.json"
    file.write_text(json.dumps({"audio": {"input": {"turn_detection": {
        "type": "server_vad", "silence_duration_ms": 300, "create_response": True, "interrupt_response": True}}}}))
    server = stand_in()
    caller = realtime_caller(server.url, session_file=str(file))
    caller.start()
    spoken = recorded(QUESTION)
    assert likeness(caller.speak(spoken).audio, spoken) > 0.8
    assert server.of("input_audio_buffer.commit") == [] and len(server.of("response.create")) == 1


def test_the_api_key(stand_in, realtime_caller, tmp_path):
    """The key is read from its file, shown to the server, and never logged."""
    key = tmp_path / "key"
    key.write_text("canary-4f1c\n")
    key.chmod(0o600)
    server = stand_in("--key", "canary-4f1c")
    caller = realtime_caller(server.url, api_key_file=str(key))
    assert caller.start().audio.seconds > 1
    assert "canary-4f1c" not in caller.gateway.log


def test_the_kit_for_bot_authors(stand_in):
    """`patchbay bot test` finds no fault: greeting, turn, barge-in, digits, no-input, sensitive, transfer, end, …"""
    server = stand_in()
    tested = run(
        "bot", "test", "--engine", json.dumps({"kind": "realtime", "url": server.url}), "--calls", "6", "--transfer", "0",
        "--end", "9", "--sensitive", "5", "--closes", "8", "--long-answer", "7", seconds=90)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "0 failed, 0 not applicable" in tested.stdout
