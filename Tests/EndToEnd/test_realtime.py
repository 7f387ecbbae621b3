"""A bot that speaks the OpenAI Realtime events holds calls: the stand-in of Scripts/examples/realtime-stand-in."""

import base64
import contextlib
import itertools
import json
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from caller import Caller
from conftest import TENANT_A, agent
from gateway import run
from realtime import StandIn
from schemas import SESSION_START, START_OF_DTMF, Event
from speech import likeness, prompt, recorded, silence

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

    def start(url, responses="chunk", environment=None, more=None, **engine):
        kind = {"kind": "realtime", "url": url}
        gateway = own_gateway(agents=[agent("realtime", responses, kind | engine, **(more or {}))])
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
    caller = realtime_caller(server.url, voice="marin", greeting="Say hello.", more={"eager": True})
    caller.start()
    caller.speak(recorded("vm-password") + silence(0.5) + recorded("vm-extension"))
    caller.press("5")
    caller.press("1234")
    greeting = caller.open(caller.request(dtmf_input={"dtmf_events": [7]}))
    greeting.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "first chunk")
    caller.hear(caller.open(caller.request(dtmf_input={"dtmf_events": [1]})))
    sent = server.events
    kinds = {event["type"] for event in sent}
    assert kinds >= {
        "session.update", "response.create", "input_audio_buffer.append", "input_audio_buffer.commit",
        "conversation.item.create", "conversation.item.delete", "conversation.item.truncate", "response.cancel"}, kinds

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


class Odd:
    """A server of the Realtime events that a test leads by the hand: `answer(server, event)` is called for what comes."""

    def __init__(self, answer):
        self.events = []
        self.answer = answer
        self.ids = itertools.count(1)
        self.server = serve(self.hold, "127.0.0.1", 0, max_size=None)
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hold(self, connection):
        self.connection = connection
        with contextlib.suppress(ConnectionClosed):
            for text in connection:
                event = json.loads(text)
                self.events.append((time.monotonic(), event))
                self.answer(self, event)

    def send(self, type, **members):
        self.connection.send(json.dumps({"type": type} | members))

    def respond(self, audio=b"", output=()):
        """A whole response, its audio in one delta."""
        id = self.create()
        if audio:
            self.delta(id, audio)
        self.send("response.done", response={"id": id, "status": "completed", "output": list(output)})

    def create(self):
        id = f"resp_{next(self.ids)}"
        self.send("response.created", response={"id": id})
        return id

    def delta(self, id, audio):
        self.send("response.output_audio.delta", response_id=id, item_id=f"item_of_{id}", content_index=0,
                  delta=base64.b64encode(audio).decode())

    def of(self, type):
        return [event for _, event in self.events if event["type"] == type]

    def stop(self):
        self.server.shutdown()


@pytest.fixture
def odd():
    servers = []

    def start(answer):
        servers.append(Odd(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_large_events(odd, realtime_caller):
    """A delta of 3 s of linear audio, and an item with 10 s of the caller's, are events like any other."""
    spoken = recorded(QUESTION)
    padded = (spoken + recorded("tt-monkeysintro")).encoded("linear16", 24_000)
    assert len(padded) > 144_000

    def answer(server, event):
        if event["type"] == "session.update":
            server.send("session.updated", session=event["session"])
        if event["type"] == "response.create":
            server.send("conversation.item.created", item={
                "id": "i", "type": "message", "role": "user",
                "content": [{"type": "input_audio", "audio": base64.b64encode(bytes(480_000)).decode()}]})
            server.respond(padded)

    caller = realtime_caller(odd(answer).url, format="pcm")
    greeting = caller.start()
    assert likeness(greeting.audio, spoken) > 0.9
    assert abs(greeting.audio.seconds - len(padded) / 48_000) < 0.1


def test_another_rate(odd, realtime_caller):
    """A server that goes on at 16 kHz is followed: its second lasts a second."""
    spoken = recorded(QUESTION)

    def answer(server, event):
        if event["type"] == "session.update":
            session = event["session"]
            for side in ("input", "output"):
                session["audio"][side]["format"] = {"type": "audio/pcm", "rate": 16_000}
            server.send("session.updated", session=session)
        if event["type"] == "response.create":
            server.respond(spoken.encoded("linear16", 16_000))

    caller = realtime_caller(odd(answer).url, format="pcm")
    greeting = caller.start()
    assert abs(greeting.audio.seconds - spoken.seconds) < 0.1 and likeness(greeting.audio, spoken) > 0.9


@pytest.mark.parametrize("arguments", ["null", "[]"])
def test_functions_without_arguments(odd, realtime_caller, arguments):
    """Models write null or [] where there are no arguments: the call ends all the same."""

    def answer(server, event):
        if event["type"] == "session.update":
            server.send("session.updated", session=event["session"])
        if event["type"] == "response.create":
            server.respond(prompt("good-bye").encoded("mulaw"), [{
                "type": "function_call", "call_id": "c1", "name": "end_call", "arguments": arguments}])

    server = odd(answer)
    start = realtime_caller(server.url).event(SESSION_START).wait()
    assert start.event.event_type == Event.SESSION_END and likeness(start.audio, prompt("good-bye")) > 0.9
    assert len(server.of("response.create")) == 1


def test_endless_functions(odd, realtime_caller):
    """A server that calls functions over and over is given up after some rounds, and the caller gets the fallback."""

    def answer(server, event):
        if event["type"] == "session.update":
            server.send("session.updated", session=event["session"])
        if event["type"] == "response.create":
            server.respond(output=[{
                "type": "function_call", "call_id": f"c{next(server.ids)}", "name": "look_up", "arguments": "{}"}])

    server = odd(answer)
    caller = realtime_caller(server.url)
    began = time.monotonic()
    assert caller.start().event.event_type == Event.TRANSFER_TO_AGENT
    assert time.monotonic() - began < 4 and len(server.of("response.create")) <= 16


@pytest.mark.parametrize("says", ["nothing", "response.cancelled"])
def test_a_cancel_that_is_not_answered_as_published(odd, realtime_caller, says):
    """The caller keys over a response: the next one is asked for, whatever the server says of the cancelled one."""

    def answer(server, event):
        if event["type"] == "session.update":
            server.send("session.updated", session=event["session"])
        if event["type"] == "response.create" and len(server.of("response.create")) == 1:
            server.first = server.create()
            server.delta(server.first, prompt("greeting").encoded("mulaw"))  # and never done
        elif event["type"] == "response.create":
            server.respond(prompt("anything-else").encoded("mulaw"))
        if event["type"] == "response.cancel" and says != "nothing":
            server.send(says, response_id=server.first)

    server = odd(answer)
    caller = realtime_caller(server.url)
    greeting = caller.event(SESSION_START)
    greeting.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "first chunk")
    began = time.monotonic()
    answered = caller.hear(caller.open(caller.request(dtmf_input={"dtmf_events": [1]})))
    assert likeness(answered.audio, prompt("anything-else")) > 0.9
    first = next(r.time for r in answered.replies if any(p.audio_content for p in r.message.prompts))
    assert first - began < 1.5, f"the answer began after {first - began:.1f} s"


def test_the_kit_for_bot_authors(stand_in):
    """`patchbay bot test` finds no fault: greeting, turn, barge-in, digits, no-input, sensitive, transfer, end, …"""
    server = stand_in()
    tested = run(
        "bot", "test", "--engine", json.dumps({"kind": "realtime", "url": server.url}), "--calls", "6", "--transfer", "0",
        "--end", "9", "--sensitive", "5", "--closes", "8", "--long-answer", "7", seconds=90)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "0 failed, 0 not applicable" in tested.stdout


@pytest.mark.parametrize("query", ["", "?hasty=1"])
def test_eager_ends(stand_in, realtime_caller, query):
    """A caller who pauses: the response to the pause is cancelled, or its transfer dropped, and nothing of it stays; the turn
    is one item, from its first word on."""
    server = stand_in("--think", "0.4")
    caller = realtime_caller(server.url + query, more={"eager": True})
    caller.start()
    spoken = recorded("vm-password") + silence(0.5) + recorded("vm-extension")
    turn = caller.speak(spoken)
    assert turn.event is None, "nobody is transferred"
    assert likeness(turn.audio, spoken) > 0.85, "the whole turn is said back"
    caller.hang_up()
    types = [event["type"] for event in server.events if event["type"] != "input_audio_buffer.append"]
    assert types.count("input_audio_buffer.commit") == 2 and types.count("response.create") == 3
    assert types.count("conversation.item.delete") >= 1
    assert server.conversations[-1] == ["assistant", "user", "assistant"]


def test_the_bot_ends_the_turn(stand_in, realtime_caller, tmp_path):
    """The server's own detector is quicker than ours: its answer ends the turn, without a wait for `end_silence`."""
    session = tmp_path / "session.json"
    detection = {"type": "server_vad", "silence_duration_ms": 400}
    session.write_text(json.dumps({"audio": {"input": {"turn_detection": detection}}}))
    more = {"speech": {"end_silence": "4s", "bot_ends_turn": True}}
    caller = realtime_caller(stand_in().url, more=more, session_file=str(session))
    caller.start()
    spoken = recorded(QUESTION)
    turn = caller.speak(spoken)
    first = next(r for r in turn.answers if any(p.audio_content for p in r.message.prompts))
    assert first.time - turn.utterance.ended < 3
    assert turn.times(Event.END_OF_INPUT)[0] <= first.time
    assert likeness(turn.audio, spoken) > 0.8
    refused = run(
        "config", "check", "--config", own_configuration(tmp_path, {"speech": {"bot_ends_turn": True}}))
    assert refused.returncode == 78 and "leaves the ends of turns to Patchbay" in refused.stderr
    refused = run("config", "check", "--config", own_configuration(tmp_path, {"eager": True}, str(session)))
    assert refused.returncode == 78 and "has the server find ends of turns" in refused.stderr


def own_configuration(folder, more, session=None):
    """The path of a configuration with a realtime agent."""
    engine = {"kind": "realtime", "url": "ws://127.0.0.1:1/"} | ({"session_file": session} if session else {})
    path = folder / "patchbay.yaml"
    path.write_text(json.dumps({"identity": {"development": True}, "agents": [{"id": "a", "engine": engine} | more]}))
    return str(path)
