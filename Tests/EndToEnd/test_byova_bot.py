"""An engine that hands calls to another server of the voice virtual agent interface: here, another Patchbay."""

import time

import pytest

import conftest
from caller import Caller
from conftest import TENANT_A, agent
from gateway import Gateway
from schemas import Event
from speech import likeness, prompt, recorded


@pytest.fixture(scope="module")
def servers(tmp_path_factory, issuer):
    """A gateway before another one, with an agent for each combination of response modes, and for each way to find the
    end of the caller's turn."""
    behind = Gateway(tmp_path_factory.mktemp("behind"), conftest.configuration(issuer))
    folder = tmp_path_factory.mktemp("before")
    (folder / "token").write_text(issuer.token(TENANT_A))
    (folder / "token").chmod(0o600)

    def engine(agent, **more):
        return {"kind": "byova", "url": f"http://{behind.address}", "agent": agent, "authorization_file": "token"} | more

    before = Gateway(folder, conftest.configuration(issuer, agents=[
        agent(f"{own}-of-{other}", own, engine(f"demo-{other}"))
        for own in ("wav", "chunk") for other in ("wav", "chunk")
    ] + [
        agent("nobody", "wav", engine("no-such-agent")),
        # Its own detector would wait two seconds; the other server's waits 700 ms.
        agent("patient", "wav", engine("demo-wav")) | {"speech": {"end_silence": "4s"}},
    ]))
    yield before, behind
    before.stop()
    behind.stop()


@pytest.fixture
def new_caller(servers, token):
    with servers[0].channel() as channel:
        yield lambda name: Caller(channel, token, TENANT_A["org"], name, "chunk" if name.startswith("chunk") else "wav")


@pytest.mark.parametrize("name", ["wav-of-chunk", "chunk-of-wav"])
def test_a_whole_call(servers, new_caller, name):
    """Greeting, a spoken turn, digits, no-input, hang-up, through both servers."""
    caller = new_caller(name)
    assert likeness(caller.start().audio, prompt("greeting")) > 0.9
    spoken = recorded("tt-monkeysintro")
    turn = caller.speak(spoken)
    assert [r.event for r in turn.replies[:2]] == [Event.START_OF_INPUT, Event.END_OF_INPUT]
    assert likeness(turn.audio, spoken) > 0.85
    digits = caller.press("12")
    assert likeness(digits.audio, prompt("digit-1")) > 0.9
    assert likeness(caller.no_input().audio, prompt("still-there")) > 0.9
    caller.hang_up()
    servers[1].until(lambda: f'"conversation":"{caller.conversation}"' in servers[1].log
                     and any(caller.conversation in line and "conversation ended" in line and "hangup" in line
                             for line in servers[1].log.splitlines()), "hears of the hang-up")


def test_the_end_of_input_is_the_other_servers(new_caller):
    """`end_of_input: upstream`: the other server's detector ends the turn long before our own would."""
    caller = new_caller("patient")
    caller.start()
    turn = caller.speak(recorded("tt-monkeysintro"))
    ended = turn.times(Event.END_OF_INPUT)[0] - turn.utterance.ended
    assert ended < 3, f"END_OF_INPUT came {ended:.1f} s after the last word"
    assert likeness(turn.audio, recorded("tt-monkeysintro")) > 0.85


def test_transfer_and_end(new_caller):
    """What the other server decides about the call is decided."""
    for keys, event in (("0", Event.TRANSFER_TO_AGENT), ("9", Event.SESSION_END)):
        caller = new_caller("wav-of-wav")
        caller.start()
        assert caller.press(keys).event.event_type == event


def test_refusal(servers, new_caller):
    """Another server that refuses the call costs a transfer at once."""
    began = time.monotonic()
    assert new_caller("nobody").start().event.event_type == Event.TRANSFER_TO_AGENT
    assert time.monotonic() - began < 5
    assert "refused" in servers[0].log
