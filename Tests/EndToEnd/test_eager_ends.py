"""Eager ends: a bot prepares its answer in the caller's silence; it leaves when the turn is over, and never before."""

import concurrent.futures
import re
import statistics
import time

import pytest

import bots
import conftest
from caller import Caller
from conftest import END_SILENCE, TENANT_A, agent
from gateway import SLOW, Gateway
from recordings import Archive, settings
from schemas import Event
from speech import likeness, recorded, silence

THINKING = 0.5
WORD, MORE = "vm-password", "vm-extension"
ANSWER = "vm-goodbye"


def thinker(call, event):
    """Answers half a second after the caller's turn, be it over or not; the first guess of a call named so asks for a
    person, at once or after the thinking."""
    turn, kind = event.turn, event.WhichOneof("event")
    if kind == "started":
        yield bots.bot.BotMessage(turn=turn, text={"text": "Yes?"})
        yield bots.end_turn(turn)
    elif kind in ("turn_may_be_over", "speech_ended", "digits") and call.metadata["patchbay-agent"] != "judge":
        agent_id = call.metadata["patchbay-agent"]
        if agent_id != "hasty":
            time.sleep(THINKING)
        if agent_id in ("hasty", "slow") and call.kinds.count("turn_may_be_over") == 1:
            yield bots.bot.BotMessage(turn=turn, transfer={"summary": "wants a person"})
            return
        yield from bots.audio(recorded(ANSWER), turn)
        yield bots.end_turn(turn)
    elif kind == "speech_started" and call.metadata["patchbay-agent"] == "judge":
        time.sleep(2 * THINKING)  # it has heard enough by then
        yield from bots.audio(recorded(ANSWER), turn)
        yield bots.end_turn(turn)


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    folder = tmp_path_factory.mktemp("eager")
    with bots.Bot(thinker) as bot:
        gateway = Gateway(folder, conftest.configuration(issuer, agents=[
            agent("patient", "chunk", bot.engine, default=True),
            agent("eager", "chunk", bot.engine, eager=True), agent("eager-wav", "wav", bot.engine, eager=True),
            agent("hasty", "chunk", bot.engine, eager=True, recorded=True),
            agent("slow", "chunk", bot.engine, eager=True),
            agent("demo-chunk", "chunk", {"kind": "demo"}),
            agent("judge", "chunk", bot.engine, recorded=True)
            | {"speech": {"bot_ends_turn": True, "end_silence": "6s"}},
        ], recording=settings(folder / "recordings", enabled=False)))
        yield gateway, bot, Archive(folder / "recordings")
        gateway.stop()


def answers(gateway, name):
    """What became of the answers that an agent's bot prepared."""
    found = re.findall(
        rf'^patchbay_eager_answers_total{{agent="{name}",outcome="(\w+)"}} (\S+)$', gateway.get("/metrics")[1], re.M)
    return {outcome: int(float(count)) for outcome, count in found}


def waits(server, token, name, turns=3):
    """From the last sample of what a caller says to the first audio of the answer, in seconds, for some turns."""
    with server[0].channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], name, "wav" if "wav" in name else "chunk")
        caller.start()
        found = []
        for _ in range(turns):
            turn = caller.speak(recorded(WORD))
            assert likeness(turn.audio, recorded(ANSWER)) > 0.9
            first = next(r for r in turn.answers if any(p.audio_content for p in r.message.prompts))
            found.append(first.time - turn.utterance.ended)
        caller.hang_up()
    return found


@pytest.mark.measured
def test_a_bot_that_thinks_is_heard_when_the_turn_is_over(server, token):
    """With a bot of 500 ms, the caller waits for the end silence alone; without eager ends, for both."""
    names = ("eager", "eager-wav", "patient")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = dict(zip(names, pool.map(lambda name: waits(server, token, name), names)))
    median = {name: statistics.median(times) for name, times in found.items()}
    print("WAIT " + ", ".join(f"{name} {time:.3f} s" for name, time in median.items()))
    slack = 0.5 if SLOW else 0.15
    assert END_SILENCE - 0.1 < median["eager"] < END_SILENCE + slack
    assert END_SILENCE - 0.1 < median["eager-wav"] < END_SILENCE + slack
    assert END_SILENCE + THINKING - 0.1 < median["patient"] < END_SILENCE + THINKING + slack
    server[0].until(lambda: answers(server[0], "eager").get("used") == 3, "counts the answers")
    assert answers(server[0], "eager") == {"held": 3, "used": 3}
    assert answers(server[0], "patient") == {}


@pytest.mark.parametrize("name", ["hasty", "slow"])
def test_a_caller_who_goes_on(server, token, name):
    """The answer to a pause is thrown away, with its transfer, held or late; the bot's history has one turn."""
    gateway, bot, archive = server
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], name, "chunk")
        caller.start()
        turn = caller.speak(recorded(WORD) + silence(0.5) + recorded(MORE))
        assert [r.event for r in turn.replies[:2]] == [Event.START_OF_INPUT, Event.END_OF_INPUT]
        assert turn.event is None, "nobody is transferred"
        assert likeness(turn.audio, recorded(ANSWER)) > 0.9
        caller.hang_up()
    call = bot.calls[-1]
    assert call.ended.wait(5)
    assert call.kinds == [
        "started", "speech_started", "turn_may_be_over", "turn_resumed", "turn_may_be_over", "turn_over", "ended"]
    turns = [event.turn for kind, event in call.events if kind.startswith("turn")]
    assert turns == sorted(turns) and turns[-1] == turns[-2], "the answer to the last guess is the turn's"
    gateway.until(lambda: answers(gateway, name).get("used") == 1, "counts the answers")
    assert answers(gateway, name) == {"held": 2, "used": 1, "dropped": 1}
    if name == "hasty":
        row = next(row for row in archive.list() if row["agent"] == "hasty")
        _, timeline = archive.export(row["id"], archive.folder / "out")
        told = [e["event"] for e in timeline["events"] if e["event"].startswith(("turn", "speech"))]
        assert told == ["speech_started", "turn_may_be_over", "turn_resumed", "turn_may_be_over", "speech_ended"]


def test_keys_in_the_silence(server, token):
    """Keys that come while the turn may be over take its place: the bot is told so before it gets them."""
    with server[0].channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "eager", "chunk")
        caller.start()
        line = caller.listen()
        line.say(recorded(WORD))
        call = server[1].calls[-1]
        server[0].until(lambda: "turn_may_be_over" in call.kinds, "tells the bot that the turn may be over")
        keys = caller.press("12")
        assert likeness(keys.audio, recorded(ANSWER)) > 0.9
        line.half_close()
        caller.hang_up()
    assert call.ended.wait(5)
    assert call.kinds == ["started", "speech_started", "turn_may_be_over", "turn_resumed", "digits", "ended"]


def test_the_demo_says_everything_back(server, token):
    """Eager ends are on for the demo: what was said before a pause is part of the turn all the same."""
    with server[0].channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-chunk", "chunk")
        caller.start()
        spoken = recorded(WORD) + silence(0.5) + recorded(MORE)
        turn = caller.speak(spoken, after_prompts=False)
        assert likeness(turn.audio, spoken) > 0.9
        caller.hang_up()
    server[0].until(lambda: answers(server[0], "demo-chunk").get("used") == 1, "counts the answers")
    assert answers(server[0], "demo-chunk") == {"held": 2, "used": 1, "dropped": 1}


def test_the_bot_ends_the_turn(server, token):
    """A bot with a detector of its own answers: its first words end the turn, and all of them are heard."""
    gateway, bot, archive = server
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "judge", "chunk")
        caller.start()
        turn = caller.speak(recorded(WORD))
        assert turn.times(Event.END_OF_INPUT)[0] - turn.utterance.ended < 4
        assert likeness(turn.audio, recorded(ANSWER)) > 0.95
        caller.hang_up()
    call = bot.calls[-1]
    assert call.ended.wait(5)
    assert call.kinds == ["started", "speech_started", "speech_ended", "ended"]
    row = next(row for row in archive.list() if row["agent"] == "judge")
    _, timeline = archive.export(row["id"], archive.folder / "judged")
    told = [e["event"] for e in timeline["events"] if e["event"].startswith(("turn", "speech"))]
    assert told == ["speech_started", "turn_ended_by_bot", "speech_ended"]
