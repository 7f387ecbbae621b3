"""What the flow designer hands over with a call reaches the bot through each engine; what is over a bound is left out,
named to the bot and in the log, and the call goes on."""

import contextlib
import json

import pytest

import bots
from caller import Caller
from conftest import TENANT_A, agent
from media_streams import MediaStreamsBot
from realtime import StandIn
from schemas import SESSION_START
from speech import silence
from upstream import Upstream, final

START = {"customer": "Ada Lovelace", "number": "+4930123456", "visits": 3, "tags": ["vip", "late"]}
INFO = {"language": "en"}
CONFIGURATION = '{"voice": "kind"}'
LONG = "x" * 20_000


@pytest.fixture
def start(own_gateway, token):
    """Starts a call to an engine, with what the flow hands over."""

    def begin(engine, name="vip-start", parameters=START, info=INFO, configuration=CONFIGURATION):
        gateway = own_gateway(agents=[agent("bot", "wav", engine)])
        caller = Caller(gateway.channel(), token, TENANT_A["org"], "bot", additional_info=info,
                        vendor_specific_config=configuration)
        caller.gateway = gateway
        caller.greeting = caller.event(SESSION_START, name=name, parameters=parameters)
        return caller

    return begin


def test_grpc(start):
    with bots.Bot(bots.echo) as bot:
        caller = start(bot.engine)
        caller.hear(caller.greeting)
        call = bot.calls[-1]
        begun = call.of("started")[0]
        assert begun.name == "vip-start" and dict(begun.parameters)["customer"] == "Ada Lovelace"
        assert begun.parameters["visits"] == 3 and list(begun.parameters["tags"]) == ["vip", "late"]
        assert dict(call.hello.call.additional_info) == INFO and list(call.hello.call.left_out) == []


def test_media_streams(start):
    bot = MediaStreamsBot(lambda stream: stream.say(silence(1)))
    try:
        caller = start({"kind": "media-streams", "url": bot.url}, info=INFO | {"number": "of the flow"})
        caller.hear(caller.greeting)
        given = bot.stream().wait("start")["start"]["customParameters"]
        assert given["customer"] == "Ada Lovelace" and given["startName"] == "vip-start"
        assert given["visits"] == "3" and json.loads(given["tags"]) == ["vip", "late"]
        assert given["language"] == "en" and given["vendorConfiguration"] == CONFIGURATION
        assert given["number"] == "of the flow" and given["start.number"] == "+4930123456", "neither hides the other"
    finally:
        bot.stop()


@pytest.mark.parametrize("place", ["item", "instructions", "none"])
def test_realtime(start, tmp_path, place):
    server = StandIn(tmp_path)
    try:
        caller = start({"kind": "realtime", "url": server.url, "instructions": "Be brief.", "call_data": place})
        caller.hear(caller.greeting)
        items = [e["item"] for e in server.of("conversation.item.create")]
        instructions = server.of("session.update")[0]["session"]["instructions"]
        if place == "none":
            assert items == [] and instructions == "Be brief."
            return
        if place == "item":
            assert [item["role"] for item in items] == ["system"] and instructions == "Be brief."
            text = items[0]["content"][0]["text"]
            assert [e["type"] for e in server.events][:3] == [
                "session.update", "conversation.item.create", "response.create"]
        else:
            own, text = instructions.split("\n\n")
            assert own == "Be brief." and items == []
        assert text.startswith("[Call] ")
        assert json.loads(text.removeprefix("[Call] ")) == {
            "name": "vip-start", "parameters": START, "additionalInfo": INFO, "vendorConfiguration": CONFIGURATION}
    finally:
        server.stop()


def test_byova(start):
    """The other server is sent the caller's own SESSION_START."""
    with Upstream(lambda request: [final("Hello.")]) as upstream:
        caller = start(upstream.engine)
        caller.hear(caller.greeting)
        given = upstream.started[0]
        assert given.event_input.name == "vip-start"
        assert given.event_input.parameters["customer"] == "Ada Lovelace"
        assert dict(given.additional_info) == INFO and given.vendor_specific_config == CONFIGURATION


@contextlib.contextmanager
def each_engine(kind, folder):
    """A bot of a kind: its engine, and a function that gives what it was told is missing."""
    if kind == "grpc":
        with bots.Bot(bots.echo) as bot:
            yield bot.engine, lambda: list(bot.calls[-1].hello.call.left_out)
    elif kind == "media-streams":
        bot = MediaStreamsBot(lambda stream: stream.say(silence(1)))
        try:
            yield ({"kind": kind, "url": bot.url},
                   lambda: bot.stream().wait("start")["start"]["customParameters"]["leftOut"].split(", "))
        finally:
            bot.stop()
    elif kind == "realtime":
        server = StandIn(folder)
        try:
            yield {"kind": kind, "url": server.url}, lambda: json.loads(
                server.of("conversation.item.create")[0]["item"]["content"][0]["text"].removeprefix("[Call] "))["leftOut"]
        finally:
            server.stop()
    else:
        with Upstream(lambda request: [final("Hello.")]) as upstream:
            yield upstream.engine, lambda: upstream.started[0].additional_info["patchbay_left_out"].split(", ")


@pytest.mark.parametrize("kind", ["grpc", "media-streams", "realtime", "byova"])
def test_values_over_their_bounds(start, tmp_path, kind):
    """16 KB are taken; over 16 KB, and over 256 parameters, is left out: the bot and the log are told what."""
    parameters = {f"k{n}": "v" for n in range(255)} | {"history": LONG}
    with each_engine(kind, tmp_path) as (engine, told):
        caller = start(engine, parameters=parameters, configuration=LONG, info={"note": "n" * 16_384, "long": LONG})
        caller.hear(caller.greeting)
        assert sorted(told()) == ["additional_info.long", "parameters.history", "vendor_specific_config"]
        gateway = caller.gateway
        assert "values of the flow are over their bounds" in gateway.log and "parameters.history" in gateway.log
        assert "xxxxxxxx" not in gateway.log
        assert "patchbay_flow_values_left_out_total 3" in gateway.get("/metrics")[1]
        caller.hang_up()


def test_largest_values_reach_a_bot(start):
    """Everything within the bounds arrives whole, up to the largest message there is."""
    info = {f"i{n}": str(n) * 16_000 for n in range(4)}
    parameters = {f"p{n}": str(n) * 16_000 for n in range(3)}
    with bots.Bot(bots.echo) as bot:
        caller = start(bot.engine, parameters=parameters, info=info)
        caller.hear(caller.greeting)
        call = bot.calls[-1]
        assert dict(call.hello.call.additional_info) == info
        assert dict(call.of("started")[0].parameters) == parameters
    bot = MediaStreamsBot(lambda stream: stream.say(silence(1)))
    try:
        caller = start({"kind": "media-streams", "url": bot.url}, parameters=parameters, info=info)
        caller.hear(caller.greeting)
        given = bot.stream().wait("start")["start"]["customParameters"]
        assert {k: given[k] for k in info | parameters} == info | parameters
    finally:
        bot.stop()


def test_an_event_over_the_bounds(new_caller, gateway):
    """257 parameters of a custom event: the call goes on, and the bot's answer comes."""
    caller = new_caller()
    caller.start()
    caller.custom_event("look", {f"k{n}": "v" for n in range(257)})
    assert "parameters.k" in gateway.log
    caller.hang_up()


def test_an_event_over_the_bounds_is_marked(start):
    with bots.Bot(bots.echo) as bot:
        caller = start(bot.engine)
        caller.hear(caller.greeting)
        caller.custom_event("look", {"a": "b", "long": LONG})
        given = bot.calls[-1].of("custom")[0].parameters
        assert dict(given).keys() == {"a", "patchbay_left_out"}
        assert list(given["patchbay_left_out"]) == ["parameters.long"]


def test_a_caller_of_a_bot_that_was_told_nothing(start):
    """Nothing handed over is nothing: no item for a model to answer."""
    with bots.Bot(bots.echo) as bot:
        caller = start(bot.engine, name="", parameters=None, info={}, configuration="")
        caller.hear(caller.greeting)
        begun = bot.calls[-1].of("started")[0]
        assert begun.name == "" and not begun.parameters.fields
