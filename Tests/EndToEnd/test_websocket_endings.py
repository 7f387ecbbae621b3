"""How a socket ends whose bot fails, and one on which nothing is said: what can be told is told first, and the code says why."""

import time

import pytest

import bots
from conftest import agent, configuration
from socket_caller import SocketCaller
from speech import SOUNDS, likeness, recorded
from test_websocket import ORIGIN, socket_token  # noqa: F401 (a fixture)


def fails_after_its_greeting(call, event):
    yield from bots.audio(recorded("hello"), event.turn)
    yield bots.end_turn(event.turn)
    time.sleep(1.5)
    raise RuntimeError("the bot falls over")


@pytest.fixture
def address(own_gateway, issuer):
    settings = configuration(issuer)["identity"]
    settings["tenants"].append(settings["tenants"][0] | {"url": ORIGIN["url"]})
    with bots.Bot(fails_after_its_greeting) as bot:
        server = own_gateway(
            identity=settings, websocket={"address": "127.0.0.1:0"}, limits={"idle": "4s"},
            agents=[agent("fails", "chunk", bot.engine, fallback={"prompt": str(SOUNDS / "sorry.wav")}),
                    agent("fine", "chunk", {"kind": "demo"}, default=True)])
        yield server.printed("websocket on")


def test_a_failed_bot_is_spoken_for_where_the_caller_can_be_told(address, socket_token):  # noqa: F811
    """The caller's audio comes all the time: the fallback is an answer to it, and the call is transferred, no error."""
    with SocketCaller(address, socket_token, ORIGIN["org"], "fails") as caller:
        assert likeness(caller.start().audio, recorded("hello")) > 0.9
        mark = caller.mark()
        caller.listen()
        answer = caller.answer(mark)
        assert answer.event == "TRANSFER_TO_AGENT" and likeness(answer.audio, recorded("sorry")) > 0.9
        caller.event("SESSION_END")
        assert caller.closed() == 1000 and caller.error is None


def test_where_nothing_comes_that_could_be_answered_the_code_says_why(address, socket_token):  # noqa: F811
    """Nothing is played to a line that says nothing: a call whose bot has failed is the server's fault, another the
    client's."""
    with (SocketCaller(address, socket_token, ORIGIN["org"], "fails") as failed,
          SocketCaller(address, socket_token, ORIGIN["org"], "fine") as fine):
        for caller in (failed, fine):
            caller.start()
        assert failed.closed() == 1011 and failed.error == ("upstream_error", 502)
        assert fine.closed() == 1008 and fine.error == ("timeout", 408)
