"""The end silence that follows what the bot expects: a number in groups is one turn, and a yes is over soon."""

import conftest
import pytest
from caller import Caller
from conftest import TENANT_A, agent
from gateway import Gateway
from recordings import Archive, settings
from schemas import Event
from speech import recorded, silence

SCRIPT = """start: number
states:
  number:
    say: {text: Your number?}
    listen: {mode: voice, expects: digits, length: 6}
    speech: right
  right:
    say: {text: Is that right?}
    listen: {expects: yes_no}
    speech: {say: {text: Thank you.}, end: true}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    folder = tmp_path_factory.mktemp("adaptive")
    (folder / "number.yaml").write_text(SCRIPT)
    asked = agent("asked", "chunk", {"kind": "scripted", "script": str(folder / "number.yaml")}, default=True, recorded=True)
    asked["speech"] |= {"end_silence": "500ms", "adaptive": {"minimum": "200ms", "maximum": "1200ms"}}
    gateway = Gateway(folder, conftest.configuration(
        issuer, agents=[asked], recording=settings(folder / "recordings", enabled=False)))
    yield gateway, Archive(folder / "recordings")
    gateway.stop()


def spoken(*digits):
    speech = recorded(f"digits/{digits[0]}")
    for digit in digits[1:]:
        speech = speech + recorded(f"digits/{digit}")
    return speech


def test_a_number_in_groups_and_a_yes(server, token):
    """Groups with 650 ms between them are one turn, where a plain end silence of 500 ms would make three; the timeline says
    what was waited for and why."""
    gateway, archive = server
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "asked", "chunk")
        caller.start()
        number = caller.speak(spoken(4, 5) + silence(0.65) + spoken(1, 0) + silence(0.65) + spoken(7, 2))
        assert [r.event for r in number.replies[:2]] == [Event.START_OF_INPUT, Event.END_OF_INPUT]
        assert number.text == "Is that right?"
        assert number.times(Event.END_OF_INPUT)[0] > number.utterance.ended, "after the last group"
        answer = caller.speak(recorded("vm-password"))
        assert answer.text == "Thank you." and answer.event.event_type == Event.SESSION_END
    _, timeline = archive.export(archive.list()[-1]["id"], archive.folder / "out")
    ends = [event for event in timeline["events"] if event["event"] == "speech_ended"]
    assert [end["because"].split("+")[0] for end in ends] in (
        [first, "yes_no"] for first in ("digits_complete", "digits_possible"))
    assert ends[1]["silence_ms"] == 200, "a word was asked for: the shortest that there is"
