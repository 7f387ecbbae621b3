"""Whole calls, in both response modes, over plaintext and TLS."""

import time

import pytest

from caller import Caller
from conftest import END_SILENCE, TENANT_A
from gateway import SLOW
from schemas import Event
from speech import likeness, prompt, recorded, silence

SENTENCE = "tt-monkeysintro"
OTHER = "pls-hold-while-try"


@pytest.fixture(params=["plaintext", "tls"])
def transport(request):
    gateway = request.getfixturevalue({"plaintext": "plain_gateway", "tls": "tls_gateway"}[request.param])
    with gateway.channel() as channel:
        yield channel


@pytest.fixture(params=["wav", "chunk"])
def caller(request, transport, token):
    """A caller of the demo agent."""
    return Caller(transport, token, TENANT_A["org"], f"demo-{request.param}", request.param)


def test_a_whole_call(caller):
    """Wire 3: greeting, a spoken turn, digits, no-input, a second spoken turn, hang-up; every answer by the rules."""
    greeting = caller.start()
    assert likeness(greeting.audio, prompt("greeting")) > 0.9, "the bot greets"
    assert greeting.event is None

    spoken = recorded(SENTENCE)
    turn = caller.speak(spoken)
    assert [r.event for r in turn.replies[:2]] == [Event.START_OF_INPUT, Event.END_OF_INPUT]
    assert likeness(turn.audio, spoken) > 0.9, "the demo says the caller's own words back"
    assert likeness(turn.audio, recorded(OTHER)) < 0.5, "and none that were not said"

    digits = caller.press("12")
    for key in "0123456789":
        alike = likeness(digits.audio, prompt(f"digit-{key}"))
        assert (alike > 0.9) == (key in "12"), f"the demo reads digits back: {key} is heard at {alike:.2f}"

    again = caller.no_input()
    assert likeness(again.audio, prompt("still-there")) > 0.9 and again.event is None, "the demo prompts again"

    spoken = recorded(OTHER)
    assert likeness(caller.speak(spoken).audio, spoken) > 0.9

    caller.hang_up()


def test_transfer(caller):
    """Wire 3 and 6: a transfer is a terminal answer with an announcement and a summary, and completes the RPC."""
    caller.start()
    transfer = caller.press("0")
    assert transfer.event.event_type == Event.TRANSFER_TO_AGENT
    assert likeness(transfer.audio, prompt("transfer")) > 0.9
    assert transfer.event.metadata["summary"], "Wire 6: the summary is in the event's metadata"
    assert transfer.final.session_summary.text, "Wire 6: and in session_summary"
    assert transfer.final.session_summary.text == transfer.event.metadata["summary"]


def test_end(caller):
    """Wire 3: the bot ends the call with SESSION_END."""
    caller.start()
    end = caller.press("9")
    assert end.event.event_type == Event.SESSION_END
    assert likeness(end.audio, prompt("good-bye")) > 0.9


@pytest.mark.measured
@pytest.mark.parametrize("sentence", ["tt-monkeysintro", "one-moment-please", "queue-youarenext"])
@pytest.mark.parametrize("agent", ["demo-wav", "demo-chunk"])
def test_turn_bounds_in_time(new_caller, agent, sentence):
    """Wire 5: START_OF_INPUT within 250 ms of speech, END_OF_INPUT within 100 ms of the end silence, each once."""
    caller = new_caller(agent)
    caller.start()
    turn = caller.speak(recorded(sentence))
    start, end = turn.times(Event.START_OF_INPUT), turn.times(Event.END_OF_INPUT)
    assert len(start) == len(end) == 1
    after_speech = end[0] - turn.utterance.ended
    print(f"START {start[0] - turn.utterance.started:.3f} s, END {after_speech:.3f} s")
    assert 0 < start[0] - turn.utterance.started <= 0.25
    assert abs(after_speech - END_SILENCE) <= 0.1
    answered = turn.answers[0].time - end[0]
    assert answered <= 0.25, f"the first audio of the answer came {answered:.3f} s after END_OF_INPUT"


def test_a_pause_does_not_end_the_turn(new_caller):
    """Wire 5: speech that resumes within the end silence is the same turn."""
    caller = new_caller()
    caller.start()
    first, second = recorded(SENTENCE), recorded(OTHER)
    turn = caller.speak(first + silence(0.45) + second)
    assert likeness(turn.audio, first) > 0.6 and likeness(turn.audio, second) > 0.6


def test_the_longest_utterance(new_caller):
    """Wire 5: a caller who does not stop is answered after the agent's maximum of 2 s."""
    caller = new_caller("short-turns", mode="wav")
    caller.start()
    long = recorded("queue-youarenext") + recorded(SENTENCE)
    turn = caller.speak(long)
    spoken = turn.times(Event.END_OF_INPUT)[0] - turn.utterance.started
    assert 1.7 < spoken < (10 if SLOW else 2.5), spoken
    said_back = turn.audio.seconds - prompt("you-said").seconds - prompt("anything-else").seconds
    assert 1.7 < said_back < 3, f"what was said until then is said back, not {said_back:.1f} s"


def test_the_first_chunk_is_small(new_caller):
    """Wire 6: chunks are 8,000 bytes, the first of a turn 1,600, so that the caller hears it early."""
    caller = new_caller("demo-chunk")
    caller.start()
    turn = caller.speak(recorded("queue-youarenext"))
    sizes = [len(r.message.prompts[0].audio_content) for r in turn.answers[:-1]]
    assert len(sizes) >= 3
    assert sizes[0] == 1600 and all(size == 8000 for size in sizes[1:-1]), sizes


def test_a_caller_is_heard_after_long_silence(new_caller):
    """Wire 4: with voice input the client streams silence too; silence alone starts nothing."""
    caller = new_caller()
    caller.start()
    line = caller.listen()
    time.sleep(4)
    assert line.replies == [] and not line.done.is_set()
    spoken = recorded(SENTENCE)
    line.say(spoken)
    assert likeness(caller.hear(line).audio, spoken) > 0.9


def test_many_calls_at_once(new_caller):
    """Calls do not disturb one another: each caller hears the words that this caller said."""
    sentences = ["tt-monkeysintro", "pls-hold-while-try", "vm-nobodyavail", "tt-weasels", "conf-kicked", "transfer"]
    callers = [new_caller("demo-chunk" if i % 2 else "demo-wav") for i in range(len(sentences))]
    for caller in callers:
        caller.start()
    time.sleep(max(0, max(c.playing_until for c in callers) - time.monotonic()))
    lines = [caller.listen() for caller in callers]
    time.sleep(0.3)
    for line, name in zip(lines, sentences):
        line.say(recorded(name))
    for caller, line in zip(callers, lines):
        caller.hear(line)
    for i, line in enumerate(lines):
        for j, name in enumerate(sentences):
            alike = likeness(line.audio, recorded(name))
            assert alike > 0.9 if i == j else alike < 0.6, (i, j, alike)


def test_keys_have_numbers_of_their_own(new_caller):
    """Wire 7: the enum's values are not digits: every key of the keypad is read back as what it is."""
    names = {"*": "star", "#": "pound", "A": "letter-a", "D": "letter-d"}
    caller = new_caller()
    caller.start()
    for keys in ("7*", "10", "5#", "AD"):
        heard = caller.press(keys).audio
        for key in keys:
            name = names.get(key, f"digit-{key}")
            assert likeness(heard, prompt(name)) > 0.9, f"{key} of {keys}"


def test_no_digits_are_no_input(new_caller):
    """Wire 7: an entry without digits means that there was no input."""
    caller = new_caller()
    caller.start()
    assert likeness(caller.press("").audio, prompt("still-there")) > 0.9
