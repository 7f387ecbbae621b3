"""A bot that takes Twilio's Media Streams holds calls: the wire is Twilio's, and the bot needs to know of nothing else."""

import json
import time

import pytest

from caller import Caller
from conftest import TENANT_A, agent
from gateway import run
from media_streams import MediaStreamsBot
from schemas import SESSION_START, Event
from speech import from_mulaw, likeness, recorded, silence

GREETING = "hello-world"
ANSWER = "tt-monkeysintro"
QUESTION = "vm-theperson"


@pytest.fixture
def bot():
    bots = []

    def start(behave=lambda stream: None, **options):
        bots.append(MediaStreamsBot(behave, **options))
        return bots[-1]

    yield start
    for each in bots:
        each.stop()


@pytest.fixture
def streams_caller(own_gateway, issuer, token):
    """Starts a gateway whose one agent is such a bot, and gives callers for it."""
    def start(url, responses="chunk", more=None, fields=None, **engine):
        engine = {"kind": "media-streams", "url": url, "turn_silence": "400ms"} | engine
        gateway = own_gateway(agents=[agent("streams", responses, engine, **(more or {}))])
        caller = Caller(gateway.channel(), token, TENANT_A["org"], "streams", mode=responses, **(fields or {}))
        caller.gateway = gateway
        return caller

    return start


def parrot(stream):
    """Greets, and answers every spoken turn with the same sentence."""
    stream.send("subscribe", subscribe=["speech"])
    stream.say(recorded(GREETING))
    turn = 0
    while not stream.closed.is_set():
        turn += 1
        while [m["speech"]["state"] for m in stream.of("speech")].count("ended") < turn:
            if stream.closed.wait(0.01):
                return
        stream.say(recorded(ANSWER))


def numbers(stream):
    return [int(m["sequenceNumber"]) for _, m in stream.messages if m["event"] != "connected"]


@pytest.mark.parametrize("responses", ["chunk", "wav"])
def test_a_call(bot, streams_caller, responses):
    """Greeting, a spoken turn, the caller hangs up; every message has the form that Twilio documents."""
    served = bot(parrot)
    caller = streams_caller(
        served.url, responses, fields={"additional_info": {"customer": "gold"}}, account="AC" + "1" * 32,
        parameters=[{"name": "line", "value": "sales"}], headers=[{"name": "X-Bot", "value": "seven"}])
    greeting = caller.start()
    stream = served.stream()
    assert likeness(greeting.audio, recorded(GREETING)) > 0.95
    spoken = recorded(QUESTION)
    turn = caller.speak(spoken)
    assert likeness(turn.audio, recorded(ANSWER)) > 0.95
    caller.hang_up()
    assert stream.closed.wait(5), "the stream ends with the call"

    assert stream.path == "/call" and stream.headers["x-bot"] == "seven"
    assert stream.messages[0][1] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    start = stream.messages[1][1]
    sid, call = start["streamSid"], start["start"]["callSid"]
    assert len(sid) == 34 and sid.startswith("MZ") and len(call) == 34 and call.startswith("CA")
    assert start == {
        "event": "start", "sequenceNumber": "1", "streamSid": sid,
        "start": {
            "accountSid": "AC" + "1" * 32, "streamSid": sid, "callSid": call, "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {
                "line": "sales", "customer": "gold", "conversation": caller.conversation, "organization": caller.org,
                "agent": "streams", "trackingId": caller.tracking,
            },
        },
    }
    assert numbers(stream) == list(range(1, len(numbers(stream)) + 1)), "every message but the first has its number"
    media = stream.of("media")
    assert media[0].keys() == {"event", "sequenceNumber", "media", "streamSid"}
    for index, message in enumerate(media):
        assert message["media"]["track"] == "inbound"
        assert message["media"]["chunk"] == str(index + 1), "chunks are counted from 1"
        assert message["media"]["timestamp"] == str(20 * index), "time goes on by 20 ms"
    assert len(stream.heard) == 160 * len(media)
    assert likeness(from_mulaw(stream.heard), spoken) > 0.9, "the bot hears the caller"
    last = stream.messages[-1][1]
    assert last["event"] == "stop"
    assert last["stop"] == {"accountSid": "AC" + "1" * 32, "callSid": call}


def test_audio_without_a_gap(bot, streams_caller):
    """Twilio sends audio from the start of a stream to its end; where Webex sends none, silence takes its place."""
    served = bot(lambda stream: stream.say(recorded(GREETING)))
    caller = streams_caller(served.url)
    caller.start()
    stream = served.stream()
    before, at = len(stream.heard), time.monotonic()
    time.sleep(2)  # no RPC is open
    line = caller.listen()
    time.sleep(2)
    line.half_close()
    line.wait()
    time.sleep(1)
    seconds = time.monotonic() - at
    heard = (len(stream.heard) - before) / 8000
    assert seconds - 0.6 < heard < seconds + 0.6, f"{heard} s of audio in {seconds} s"


def test_marks(bot, streams_caller):
    """A mark comes back when the caller has heard what precedes it, and at once where that is cleared."""

    def behave(stream):
        stream.say(silence(1.5), mark="one")
        stream.wait("mark")
        stream.say(silence(10), mark="two")
        time.sleep(0.3)
        stream.send("clear")

    served = bot(behave)
    caller = streams_caller(served.url)
    began = time.monotonic()
    caller.start()
    stream = served.stream()
    one, two = stream.time_of("mark"), stream.time_of("mark", 2)
    assert stream.of("mark")[0]["mark"] == {"name": "one"}
    assert one - began > 1.3, "the caller had not heard it yet"
    assert stream.of("mark")[1]["mark"] == {"name": "two"}
    assert two - one < 3, "a cleared mark comes back at once"


def test_what_means_nothing_is_passed_over(bot, streams_caller):
    """Messages without an event or of unknown ones, as Pipecat's own for its clients, marks without a name, by the
    hundred: Twilio warns and goes on. Marks without audio before them come back at once."""
    nothing = ['{}', '{"label":"rtvi-ai","type":"bot-ready","id":"1"}', '{"event":"hello"}', '{"event":"mark"}', '[]', 'hm']

    def behave(stream):
        stream.wait("start")
        for _ in range(50):
            for text in nothing:
                stream.connection.send(text)
        for number in range(100):
            stream.send("mark", mark={"name": f"bare {number}"})
        stream.say(recorded(GREETING), mark="end")

    served = bot(behave)
    caller = streams_caller(served.url)
    assert likeness(caller.start().audio, recorded(GREETING)) > 0.95
    stream = served.stream()
    assert stream.wait("mark", 101)["mark"] == {"name": "end"}
    assert [m["mark"]["name"] for m in stream.of("mark")[:100]] == [f"bare {number}" for number in range(100)]
    assert f"patchbay_bot_messages_ignored_total {50 * len(nothing)}" in caller.gateway.get("/metrics")[1]


def test_clear_goes_before_what_waits(bot, streams_caller):
    """A minute that is handed over in one message and cleared at once is not waited for: the rest is heard at once."""

    def behave(stream):
        stream.say(silence(60), chunk=480_000)
        time.sleep(0.5)
        stream.send("clear")
        stream.say(recorded(GREETING))

    caller = streams_caller(bot(behave).url)
    answer = caller.start()
    assert likeness(answer.audio, recorded(GREETING)) > 0.95
    assert answer.audio.seconds < 12 + recorded(GREETING).seconds, "what had been sent, and the rest"


def test_barge_in(bot, streams_caller):
    """The caller speaks during a long answer: no more than 200 ms of it leave, and the marks come back."""
    long = recorded(ANSWER) + recorded(ANSWER) + recorded(ANSWER) + recorded(ANSWER)

    def behave(stream):
        stream.send("subscribe", subscribe=["speech", "interrupted"])
        stream.say(long, mark="end of it", chunk=1600)
        stream.wait("interrupted")
        stream.say(recorded(ANSWER), chunk=1600)  # it has not noticed yet: this is still the old answer
        stream.send("clear")
        stream.wait("speech", 2)
        stream.say(recorded(GREETING))

    served = bot(behave)
    caller = streams_caller(served.url)
    greeting = caller.event(SESSION_START)
    greeting.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "first chunk")
    line = caller.listen()
    time.sleep(1)
    line.say(recorded(QUESTION))
    started = line.wait_event(Event.START_OF_INPUT).time
    greeting.wait()
    late = [r for r in greeting.replies if r.time > started + 0.2 and any(p.audio_content for p in r.message.prompts)]
    assert late == []
    caller.hear(line)
    assert likeness(line.audio, recorded(GREETING)) > 0.9
    assert likeness(line.audio, recorded(ANSWER)) < 0.6, "nothing of the old answer follows"
    stream = served.stream()
    assert stream.wait("mark")["mark"]["name"] == "end of it"
    played = int(stream.of("interrupted")[0]["interrupted"]["playedMilliseconds"])
    assert 700 < played < 6000


def test_eager_ends(bot, streams_caller):
    """A bot that asks for it is told that the turn may be over, and answers; what it says to a pause is never heard."""
    def behave(stream):
        stream.send("subscribe", subscribe=["turnMayBeOver"])
        stream.say(recorded(GREETING))
        stream.wait("turnMayBeOver")
        stream.say(recorded(QUESTION), mark="wrong")
        stream.wait("turnResumed")
        stream.wait("turnMayBeOver", 2)
        stream.say(recorded(ANSWER))

    caller = streams_caller(bot(behave).url, more={"eager": True})
    caller.start()
    turn = caller.speak(recorded("vm-password") + silence(0.5) + recorded("vm-extension"))
    assert likeness(turn.audio, recorded(ANSWER)) > 0.95
    assert turn.audio.seconds < recorded(ANSWER).seconds + 0.5, "and nothing else"
    caller.hang_up()


@pytest.mark.parametrize("way", ["media", "endInput"])
def test_the_bot_ends_the_turn(bot, streams_caller, way):
    """A bot that finds the end of the turn itself says so, or where the agent lets it begins to answer."""
    def behave(stream):
        stream.send("subscribe", subscribe=["speech"])
        stream.say(recorded(GREETING))
        stream.wait("speech")
        time.sleep(1.5)
        if way == "endInput":
            stream.send("endInput")
        stream.say(recorded(ANSWER))

    caller = streams_caller(
        bot(behave).url, more={"speech": {"end_silence": "6s", "bot_ends_turn": way == "media"}})
    caller.start()
    turn = caller.speak(recorded("vm-password"))
    assert turn.times(Event.END_OF_INPUT)[0] - turn.utterance.ended < 4
    assert likeness(turn.audio, recorded(ANSWER)) > 0.95, "all of the answer is heard"


def test_digits_and_silence(bot, streams_caller):
    """Digits come one by one; what Twilio has no word for ends the turn, or is told a bot that asks for it."""

    def behave(stream):
        stream.say(recorded(GREETING))
        stream.wait("dtmf", 4)
        stream.send("subscribe", subscribe=["noInput", "custom", "digits"])
        stream.say(recorded(ANSWER))
        stream.wait("noInput")
        stream.say(recorded(QUESTION))
        stream.wait("custom")
        stream.send("custom", custom={"name": "seen", "metadata": {"n": 1}})
        stream.send("endTurn")

    served = bot(behave)
    caller = streams_caller(served.url)
    caller.start()
    quiet = caller.no_input()
    assert quiet.audio.seconds == 0, "the bot knows of no such thing: the caller has the turn again"
    answer = caller.press("12#*")
    stream = served.stream()
    assert [m["dtmf"] for m in stream.of("dtmf")] == [{"track": "inbound_track", "digit": d} for d in "12#*"]
    assert likeness(answer.audio, recorded(ANSWER)) > 0.95
    assert likeness(caller.no_input().audio, recorded(QUESTION)) > 0.95
    custom = caller.custom_event("order", {"id": "77"})
    assert stream.of("custom")[0]["custom"] == {"name": "order", "parameters": {"id": "77"}}
    assert custom.event.name == "seen"


def test_settings_transfer_and_sensitive_input(bot, streams_caller):
    """A bot can say by Patchbay's own events how the caller's input is taken, and what becomes of the caller."""

    def behave(stream):
        stream.say(recorded(GREETING))
        stream.send("settings", settings={
            "mode": "digits", "digitCount": 4, "terminator": "*", "interDigitTimeout": 2500, "sensitive": True})
        stream.wait("dtmf", 4)
        stream.send("settings", settings={"bargeIn": False})
        stream.say(recorded(ANSWER))
        stream.send("transcript", transcript={"speaker": "agent", "text": "I connect you."})
        stream.send("transfer", transfer={"summary": "wants a person", "metadata": {"tier": "gold"}})

    served = bot(behave)
    caller = streams_caller(served.url)
    greeting = caller.start()
    handling = greeting.final.input_handling_config
    assert handling.dtmf_config.dtmf_input_length == 4 and handling.dtmf_config.inter_digit_timeout_msec == 2500
    assert greeting.final.input_sensitive
    transfer = caller.press("1234")
    assert transfer.event.event_type == Event.TRANSFER_TO_AGENT
    assert transfer.event.metadata["summary"] == "wants a person" and transfer.event.metadata["tier"] == "gold"
    assert likeness(transfer.audio, recorded(ANSWER)) > 0.95, "what was said before is heard"
    assert "I connect you." in transfer.final.session_transcript.text
    stream = served.stream()
    assert stream.closed.wait(5) and stream.of("stop")


def test_end(bot, streams_caller):
    """The bot ends the call."""

    def behave(stream):
        stream.send("settings", settings={"bargeIn": False})
        stream.say(recorded(GREETING))
        stream.send("end")

    served = bot(behave)
    caller = streams_caller(served.url)
    end = caller.start()
    assert end.event.event_type == Event.SESSION_END
    assert likeness(end.audio, recorded(GREETING)) > 0.95


def test_the_bot_closes(bot, streams_caller):
    """A bot that leaves in the middle of the call: the caller is transferred."""

    def behave(stream):
        stream.say(recorded(GREETING))
        stream.wait("dtmf")
        stream.close()

    served = bot(behave)
    caller = streams_caller(served.url)
    caller.start()
    assert caller.press("5").event.event_type == Event.TRANSFER_TO_AGENT


def obliging(stream):
    """Does all that the kit for bot authors looks for, with Patchbay's own events where Twilio has none."""
    stream.send("subscribe", subscribe=["speech", "noInput", "interrupted", "digits", "custom"])
    stream.say(recorded(GREETING))
    done = 0
    while not stream.closed.wait(0.01):
        for _, message in list(stream.messages)[done:]:
            done += 1
            match message:
                case {"event": "speech", "speech": {"state": "ended"}}:
                    stream.say(recorded(ANSWER) + recorded(ANSWER), chunk=1600)
                case {"event": "interrupted"}:
                    stream.send("clear")
                case {"event": "digits", "digits": {"digits": "0"}}:
                    stream.send("settings", settings={"bargeIn": False})
                    stream.say(recorded(GREETING))
                    stream.send("transfer", transfer={"summary": "wants a person"})
                case {"event": "digits", "digits": {"digits": "9"}}:
                    stream.send("settings", settings={"bargeIn": False})
                    stream.say(recorded(GREETING))
                    stream.send("end")
                case {"event": "digits", "digits": {"digits": "5"}}:
                    stream.send("settings", settings={"mode": "digits", "digitCount": 4, "sensitive": True})
                    stream.say(recorded(GREETING))
                case {"event": "digits", "digits": {"digits": "7"}}:
                    stream.close(1011)
                case {"event": "digits"}:
                    stream.send("settings", settings={"mode": "voiceAndDigits", "sensitive": False})
                    stream.say(recorded(GREETING))
                case {"event": "noInput" | "custom"}:
                    stream.say(recorded(QUESTION))


def test_the_kit_for_bot_authors(bot):
    """`patchbay bot test` finds no fault: greeting, turn, barge-in, digits, no-input, sensitive, transfer, end, …"""
    served = bot(obliging)
    engine = {"kind": "media-streams", "url": served.url, "turn_silence": "300ms"}
    tested = run(
        "bot", "test", "--engine", json.dumps(engine), "--calls", "6", "--transfer", "0", "--end", "9", "--sensitive", "5",
        "--closes", "7", seconds=90)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "0 failed, 0 not applicable" in tested.stdout
